"""What the demo's people say: short conversations of a lamp shop, in three languages.

Owns: the sentences. Does not know: who says them when.
"""

from msgspec import Struct

__all__ = ["TALKS", "Talk", "small_talk"]


class Talk(Struct, frozen=True):
    """A conversation: customer and agent by turns, the customer first and the agent last."""

    topic: str
    queue: str
    language: str
    customer: tuple[str, ...]
    agent: tuple[str, ...]


TALKS = (
    Talk(
        "flicker", "support", "en",
        ("Hello, my Harbour lamp flickers when I dim it.",
         "It is an old bulb from the attic, 60 W.",
         "That sounds easy. Thank you!"),
        ("Good day! Which bulb is in it, and does it say that it can be dimmed?",
         "Then it is the bulb: the dimmer wants at least a dimmable LED of 5 W.",
         "With pleasure. Do write again if it still flickers."),
    ),
    Talk(
        "joint", "support", "en",
        ("The upper joint of my Heron has gone loose.",
         "Yes, there is a small screw with a hex head.",
         "It holds again, wonderful."),
        ("Hello! Is there a small screw on the inner side of the joint?",
         "Turn it a quarter to the right with the key from under the foot.",
         "Lovely. Enjoy the light!"),
    ),
    Talk(
        "invoice", "billing", "en",
        ("My bill shows delivery, but I ordered for 89 euros.", "The number is 2041.",
         "Great, that was quick."),
        ("Hello, let me look. What is the number of the bill?",
         "You are right, from 60 euros it is free. I have sent you a corrected bill.",
         "You are welcome. Have a good evening!"),
    ),
    Talk(
        "address", "orders", "en",
        ("Can I still change the address of my order?", "It is 4117, ordered this morning.",
         "To my neighbour, number 14.", "Perfect, thanks."),
        ("Perhaps, it depends on the parcel. Which order is it?",
         "It has not left yet. Where should it go?",
         "Done: number 14 in the same street.", "Gladly. It leaves tomorrow."),
    ),
    Talk(
        "rechnung", "billing", "de",
        ("Guten Tag, ich habe zweimal bezahlt.", "Am Montag und noch einmal am Dienstag.",
         "Vielen Dank!"),
        ("Guten Tag! An welchen Tagen ging das Geld ab?",
         "Ich sehe beide Zahlungen. Die zweite kommt in drei Tagen zurück.",
         "Gern geschehen, einen schönen Abend noch."),
    ),
    Talk(
        "lieferung", "orders", "de",
        ("Wo bleibt meine Hängelampe?", "Nummer 4093, bestellt am Freitag.",
         "Dann warte ich. Danke!"),
        ("Hallo! Sagen Sie mir bitte die Nummer der Bestellung?",
         "Sie ist seit heute früh unterwegs und kommt morgen an.",
         "Danke für Ihre Geduld!"),
    ),
    Talk(
        "schirm", "support", "de",
        ("Kann man den Leinenschirm waschen?", "Es ist ein Kaffeefleck.", "Das versuche ich."),
        ("Guten Tag! Was für ein Fleck ist es denn?",
         "Mit lauwarmem Wasser und etwas Seife tupfen, nicht reiben.",
         "Viel Erfolg! Sonst schicken wir einen neuen Schirm."),
    ),
    Talk(
        "retour", "orders", "fr",
        ("Bonjour, je voudrais rendre une lampe.", "Elle est trop grande pour la table.",
         "Parfait, merci beaucoup."),
        ("Bonjour ! Bien sûr. Puis-je savoir pourquoi ?",
         "Je comprends. Le bon de retour part tout de suite par courriel.",
         "Avec plaisir. À bientôt !"),
    ),
    Talk(
        "facture", "billing", "fr",
        ("Bonjour, il me faut une facture au nom de mon atelier.", "Atelier Rive, 12 quai du Port.",
         "Merci, bonne journée."),
        ("Bonjour ! Quel nom et quelle adresse dois-je y mettre ?",
         "C'est fait, vous la recevez dans une minute.",
         "Bonne journée à vous aussi !"),
    ),
)  # fmt: skip

_SMALL_TALK = {
    "en": ("Hello, this is the demo's scripted agent. How can I help?",
           "I see. I am only a script, but I am listening.",
           "Sign in as Alice on the agent desktop and you can answer yourself.",
           "It was nice to talk to you. Goodbye!"),
    "de": ("Guten Tag, hier antwortet ein Skript der Demo. Worum geht es?",
           "Ich verstehe. Ich bin nur ein Skript, aber ich höre zu.",
           "Melden Sie sich am Arbeitsplatz als Alice an, dann antworten Sie selbst.",
           "Es war nett, mit Ihnen zu reden. Auf Wiedersehen!"),
    "fr": ("Bonjour, ici un agent scripté de la démonstration. De quoi s'agit-il ?",
           "Je vois. Je ne suis qu'un script, mais j'écoute.",
           "Connectez-vous comme Alice sur le poste d'agent pour répondre vous-même.",
           "C'était un plaisir. Au revoir !"),
}  # fmt: skip


def small_talk(languages: tuple[str, ...]) -> tuple[str, ...]:
    """What a scripted agent says to somebody whose words are not in a script."""
    spoken = [tag.split("-")[0] for tag in languages]
    return _SMALL_TALK[next((tag for tag in spoken if tag in _SMALL_TALK), "en")]
