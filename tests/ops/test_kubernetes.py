"""The manifests for Kubernetes: what belongs together agrees, and the server accepts its part."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from router.journal.redis_address import address_of
from router.server.cli import main
from router.server.operating import Place, filled
from router.server.sections import ServerSettings
from router.server.settings import SettingsErrors, load, warnings

ROOT = Path(__file__).parents[2]
PLACE = Place(Path("fairline.toml"), ServerSettings(), "help.shop.example")
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def manifests() -> dict[str, Manifest]:
    """By kind."""
    found = list(yaml.safe_load_all(filled("kubernetes/fairline.yaml", PLACE)))
    assert len({one["kind"] for one in found}) == len(found) == 5
    return {one["kind"]: one for one in found}


@pytest.fixture(scope="module")
def pod(manifests: dict[str, Manifest]) -> Manifest:
    spec: Manifest = manifests["StatefulSet"]["spec"]["template"]["spec"]
    return spec


def _settings(manifests: dict[str, Manifest]) -> dict[str, Any]:
    return tomllib.loads(manifests["ConfigMap"]["data"]["fairline.toml"])


def test_there_is_one_node_and_its_data_outlive_it(manifests: dict[str, Manifest]) -> None:
    spec = manifests["StatefulSet"]["spec"]
    assert spec["replicas"] == 1
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data"
    (container,) = spec["template"]["spec"]["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts["data"] == _settings(manifests)["server"]["data"]
    volumes = {volume["name"] for volume in spec["template"]["spec"]["volumes"]}
    assert mounts.keys() == volumes | {"data"}
    assert manifests["PodDisruptionBudget"]["spec"]["minAvailable"] == 1


def test_all_of_it_selects_the_same_pod(manifests: dict[str, Manifest]) -> None:
    labels = manifests["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    assert manifests["Service"]["spec"]["selector"] == labels
    for kind in ("StatefulSet", "PodDisruptionBudget"):
        assert manifests[kind]["spec"]["selector"] == {"matchLabels": labels}
    monitor = next(yaml.safe_load_all(filled("kubernetes/monitoring.yaml", PLACE)))
    assert monitor["spec"]["selector"] == {
        "matchLabels": manifests["Service"]["metadata"]["labels"]
    }
    assert labels[monitor["spec"]["jobLabel"]] == "fairline"
    ports = {port["name"] for port in manifests["Service"]["spec"]["ports"]}
    assert monitor["spec"]["endpoints"][0]["port"] in ports


def test_every_port_and_probe_is_where_the_server_listens(
    manifests: dict[str, Manifest], pod: Manifest
) -> None:
    server = _settings(manifests)["server"]
    (container,) = pod["containers"]
    ports = {port["name"]: str(port["containerPort"]) for port in container["ports"]}
    assert ports == {
        "http": server["bind"].rpartition(":")[2],
        "ops": server["ops_bind"].rpartition(":")[2],
    }
    assert {port["targetPort"] for port in manifests["Service"]["spec"]["ports"]} == ports.keys()
    probes = {name: container[name]["httpGet"] for name in container if name.endswith("Probe")}
    assert probes == {
        "startupProbe": {"path": "/livez", "port": "ops"},
        "livenessProbe": {"path": "/livez", "port": "ops"},
        "readinessProbe": {"path": "/readyz", "port": "ops"},
    }
    (rule,) = manifests["Ingress"]["spec"]["rules"]
    assert rule["host"] == "help.shop.example"
    assert manifests["Ingress"]["spec"]["tls"][0]["hosts"] == ["help.shop.example"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert (backend["name"], backend["port"]["name"]) == ("fairline", "http")


def test_a_stop_has_the_time_that_a_drain_takes(
    manifests: dict[str, Manifest], pod: Manifest
) -> None:
    (container,) = pod["containers"]
    (_, before_s) = container["lifecycle"]["preStop"]["exec"]["command"]
    drain_ms = _settings(manifests)["server"].get("drain_ms", ServerSettings().drain_ms)
    assert pod["terminationGracePeriodSeconds"] >= int(before_s) + drain_ms / 1000 + 5


def test_the_pod_is_shut_in_and_is_the_user_of_the_image(pod: Manifest) -> None:
    user = pod["securityContext"]["runAsUser"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    for file in ("Dockerfile", "config/docker/Dockerfile"):
        text = (ROOT / file).read_text("utf-8")
        assert f"--uid {user} " in text
        assert f"\nUSER {user}\n" in text
    for container in (*pod["containers"], *pod["initContainers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_the_settings_are_accepted_with_the_secrets_that_are_made_first(
    manifests: dict[str, Manifest], pod: Manifest, tmp_path: Path
) -> None:
    (first,) = pod["initContainers"]
    assert first["args"][0] == "secret"
    main([word.replace("/var/lib/fairline", str(tmp_path)) for word in first["args"]])
    config = tmp_path / "fairline.toml"
    text = manifests["ConfigMap"]["data"]["fairline.toml"]
    config.write_text(re.sub("/var/lib/fairline", str(tmp_path), text), "utf-8")
    settings = load([config], {})
    assert [warning for warning in warnings(settings) if "without TLS" not in warning] == []
    assert settings.server.proxies
    assert "https://help.shop.example" in settings.tenants["main"].origins


# -- two nodes on one Redis ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair() -> dict[str, Manifest]:
    """By kind."""
    found = list(yaml.safe_load_all(filled("kubernetes/pair.yaml", PLACE)))
    assert len({one["kind"] for one in found}) == len(found) == 5
    return {one["kind"]: one for one in found}


def test_nothing_waits_for_the_second_node_to_get_ready(pair: dict[str, Manifest]) -> None:
    spec = pair["StatefulSet"]["spec"]
    assert spec["replicas"] == 2
    assert spec["podManagementPolicy"] == "Parallel"
    assert spec["updateStrategy"] == {"type": "OnDelete"}
    assert "PodDisruptionBudget" not in pair, "it would count the one that stands by as lost"
    (apart,) = spec["template"]["spec"]["affinity"]["podAntiAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    assert apart["labelSelector"] == spec["selector"]


def test_the_pair_is_reached_and_shut_in_as_the_one_node_is(
    pair: dict[str, Manifest], manifests: dict[str, Manifest]
) -> None:
    for kind in ("Service", "Ingress"):
        assert pair[kind] == manifests[kind]
    (two,) = pair["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    (one,) = manifests["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    for same in ("image", "args", "securityContext", "ports", "startupProbe", "livenessProbe"):
        assert two[same] == one[same], same
    assert two["readinessProbe"]["httpGet"] == one["readinessProbe"]["httpGet"]
    pods = [each["StatefulSet"]["spec"]["template"]["spec"] for each in (pair, manifests)]
    assert pods[0]["securityContext"] == pods[1]["securityContext"]
    (node,) = two["env"]
    assert node["name"] == "FAIRLINE_SERVER__NODE"
    assert node["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"


def test_both_nodes_sign_with_the_same_secrets_which_have_to_be_filled_in(
    pair: dict[str, Manifest], tmp_path: Path
) -> None:
    text = pair["ConfigMap"]["data"]["fairline.toml"]
    config = tmp_path / "fairline.toml"
    for folder in ("/etc/fairline-secrets", "/var/lib/fairline"):
        text = text.replace(folder, str(tmp_path))
    config.write_text(text, "utf-8")
    told: dict[str, str] = pair["Secret"]["stringData"]
    assert "initContainers" not in pair["StatefulSet"]["spec"]["template"]["spec"]
    for name, value in told.items():
        (tmp_path / name).write_text(value, "utf-8")
    with pytest.raises(SettingsErrors, match="which everybody knows"):
        load([config], {})
    for number, name in enumerate(("main", "identity")):
        (tmp_path / name).write_text(str(number) * 64, "utf-8")
    settings = load([config], {})
    assert settings.server.journal == "redis"
    assert address_of(settings.server.redis_url).shown == "redis://redis:6379"
    assert [one for one in warnings(settings) if "without TLS" not in one] == []
