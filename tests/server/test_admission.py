from ipaddress import ip_network

from router.server.admission import Admission


def test_admission_refills_and_keeps_addresses_apart() -> None:
    admission = Admission(rate=2.0, burst=2, exempt=())
    assert [admission.wait_s("192.0.2.1", 10.0) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert admission.wait_s("192.0.2.2", 10.0) == 0.0
    assert admission.wait_s("192.0.2.1", 10.5) == 0.0
    assert admission.wait_s("192.0.2.1", 10.5) == 0.5


def test_admission_counts_a_v6_network_as_one_and_v4_in_v6_as_v4() -> None:
    admission = Admission(rate=1.0, burst=1, exempt=())
    assert admission.wait_s("2001:db8::1", 0.0) == 0.0
    assert admission.wait_s("2001:db8::2", 0.0) > 0.0
    assert admission.wait_s("2001:db8:0:1::2", 0.0) == 0.0
    assert admission.wait_s("fe80::1%eth0", 0.0) == 0.0
    assert admission.wait_s("192.0.2.1", 0.0) == 0.0
    assert admission.wait_s("::ffff:192.0.2.1", 0.0) > 0.0


def test_admission_exempts_networks_and_forgets_the_longest_unseen() -> None:
    admission = Admission(
        rate=1.0, burst=1, addresses_max=2, exempt=[ip_network("198.51.100.0/24")]
    )
    assert all(admission.wait_s("198.51.100.7", 0.0) == 0.0 for _ in range(5))
    for host in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        assert admission.wait_s(host, 0.0) == 0.0
    assert admission.wait_s("192.0.2.3", 0.0) > 0.0
    assert admission.wait_s("192.0.2.1", 0.0) == 0.0
