"""Words on a picture."""

from xml.etree import ElementTree

from router.lab.svg import sheet, words_at


def test_words_are_words_whatever_stands_in_them() -> None:
    said = "<b>a & b</b>"
    root = ElementTree.fromstring("".join([*sheet(10, 20, said), words_at(1, 2, said), "</svg>"]))
    title, _, text = root
    assert (title.text, text.text, len(text)) == (said, said, 0)
    assert root.attrib["viewBox"] == "0 0 10 20"
    assert (text.attrib["x"], text.attrib["text-anchor"]) == ("1.0", "start")
