"""Each rule of the gateways, with bodies that follow it and bodies that break it."""

from typing import Any

import pytest
from rushes_sandbox import protocols, validate_request

IMAGE = "https://img.example.org/one.png"
OTHER = "https://img.example.org/two.png"

Body = dict[str, Any]


def violated(gateway: str, body: Any, *, loopback: bool = False) -> list[str]:
    model = body.get("model") if isinstance(body, dict) else None
    return [
        violation.path for violation in validate_request(gateway, model, body, loopback=loopback)
    ]


def v3(**fields: Any) -> Body:
    return {"model": "kling-v3", "prompt": "a heron lifts off a pond", **fields}


def v26(**fields: Any) -> Body:
    return {"model": "kling-v2-6", "prompt": "a heron lifts off a pond", **fields}


def omni(**fields: Any) -> Body:
    return {"model": "kling-v3-omni", "prompt": "a heron lifts off a pond", **fields}


def uni(model: str = "kling-v3-std-silent", **fields: Any) -> Body:
    return {"model": model, "prompt": "a heron lifts off a pond", **fields}


def role(name: str, url: str = IMAGE) -> Body:
    return {"url": url, "role": name}


def shot(index: Any, duration: Any, prompt: Any = "wide", **more: Any) -> Body:
    return {"index": index, "prompt": prompt, "duration": duration, **more}


def subject(**fields: Any) -> Body:
    return {"name": "otter", "description": "wet", "element_input_urls": [IMAGE, OTHER], **fields}


def custom_shots(*shots: Body, **fields: Any) -> Body:
    body = {"model": "kling-v3", "multi_shot": True, "shot_type": "customize"}
    return {**body, "multi_prompt": list(shots), **fields}


def uni_shots(*prompts: Any, **fields: Any) -> Body:
    shots = [{"prompt": prompt} for prompt in prompts]
    body = {"model": "kling-v3-std-audio", "image": IMAGE, "duration": 10}
    return {**body, "extra_body": {"multi_prompt": shots, "shot_type": "customize"}, **fields}


ACCEPTED: dict[str, list[Body]] = {
    "toapis": [
        v3(mode="std", duration=5, aspect_ratio="16:9"),
        v3(duration=15, mode="pro", aspect_ratio="9:16"),
        v3(duration=15, reference_images=[], image_with_roles=[]),
        v3(reference_images=[IMAGE], mode="std", duration=5),
        v3(image_with_roles=[role("first_frame"), role("last_frame", OTHER)], mode="pro"),
        v3(image_with_roles=[role("last_frame", OTHER), role("first_frame")], duration=10),
        v3(reference_images=[IMAGE], image_with_roles=[role("first_frame")]),
        v3(image_with_roles=[role("reference_image"), role("reference_image", OTHER)]),
        v3(mode="std", duration=5, audio=True),
        v3(metadata={"negative_prompt": "noise", "watermark": False, "other": [None, {}]}),
        v3(client_business_id="job 1", callback_url="http://localhost:9000/hook"),
        v3(prompt="x" * 20_000),
        v26(prompt="é" * 2500),
        v26(mode="pro", duration=10, audio=True, aspect_ratio="1:1"),
        v26(mode="std", audio=False, negative_prompt="", watermark=True),
        omni(),
        omni(image_urls=[IMAGE]),
        omni(prompt="<<<image_2>>> meets <<<image_01>>>", image_urls=[IMAGE, OTHER]),
        omni(prompt="<<<image_>>> <<<video_1>>> <<<image_٣>>>"),
        omni(metadata={"negative_prompt": 5}),
    ],
    "apimart": [
        v3(duration=3, mode="4k"),
        v3(duration=15, aspect_ratio="1:1", negative_prompt="noise", watermark=True, audio=True),
        v3(image_urls=[IMAGE]),
        v3(image_urls=[IMAGE, OTHER], webhook="https://hooks.example.org/base"),
        v3(multi_shot=False, multi_prompt=[], element_list=[]),
        custom_shots(shot(1, 5)),
        custom_shots(shot(1, 4), shot(2, 1), shot(3, 2), duration=7),
        custom_shots(*(shot(n, 1) for n in range(1, 7)), duration=6, prompt="  "),
        custom_shots(shot(1, 5, "s" * 512), prompt="all of it"),
        v3(multi_shot=True, shot_type="intelligence"),
        v3(multi_shot=True, shot_type="intelligence", multi_prompt=[]),
        v3(element_list=[subject(), subject(name="otter"), subject(name="pond")]),
        v3(element_list=[subject(element_input_urls=[IMAGE] * 4)], prompt="@nobody waits"),
    ],
    "uniall": [
        uni(aspect_ratio="16:9", duration=5),
        *(uni(model) for model in protocols().by_id["uniall"].models),
        uni(extra_body={"cfg_scale": 0.5, "shot_type": "customize", "negative_prompt": "n"}),
        uni(extra_body={"cfg_scale": 1, "shot_type": "intelligent", "camera": None}),
        uni(extra_body={"element_list": [1, "two", None], "multi_prompt": []}),
        uni(image=IMAGE, duration=3),
        uni(image=IMAGE, last_image=OTHER, duration=15),
        uni_shots("near", "far"),
        uni_shots(*"abcdef", last_image=OTHER),
        uni_shots("near", prompt=" "),
    ],
}

REJECTED: dict[str, list[tuple[str, Any]]] = {
    "toapis": [
        ("", [v3()]),
        ("", None),
        ("model", {"prompt": "x"}),
        ("model", {"prompt": "x", "model": None}),
        ("model", {"prompt": "x", "model": ["kling-v3"]}),
        ("model", {"prompt": "x", "model": "kling-v3-std-silent"}),
        ("prompt", {"model": "kling-v3"}),
        ("prompt", v3(prompt=None)),
        ("prompt", v3(prompt=" \t\n\u3000")),
        ("prompt", v3(prompt=["x"])),
        ("mode", v3(mode="4k")),
        ("mode", v3(mode="STD")),
        ("mode", v3(mode=None)),
        ("duration", v3(duration="5")),
        ("duration", v3(duration=5.0)),
        ("duration", v3(duration=5.5)),
        ("duration", v3(duration=True)),
        ("duration", v3(duration=7)),
        ("duration", v26(duration=15)),
        ("duration", omni(duration=15)),
        ("duration", v3(duration=15, reference_images=[IMAGE])),
        ("duration", v3(duration=15, image_with_roles=[role("reference_image")])),
        ("aspect_ratio", v3(aspect_ratio="4:3")),
        ("aspect_ratio", omni(aspect_ratio="16x9")),
        ("reference_images", v3(reference_images=IMAGE)),
        ("reference_images", v3(reference_images=None)),
        ("reference_images[1]", v3(reference_images=[IMAGE, None])),
        ("reference_images[0]", v3(reference_images=[""])),
        ("image_with_roles[0].role", v3(image_with_roles=[role("middle_frame")])),
        ("image_with_roles[0].role", v3(image_with_roles=[{"url": IMAGE}])),
        ("image_with_roles[0].url", v3(image_with_roles=[{"role": "first_frame"}])),
        (
            "image_with_roles[0].weight",
            v3(image_with_roles=[{**role("first_frame"), "weight": 1}]),
        ),
        ("image_with_roles[0]", v3(image_with_roles=[IMAGE])),
        ("image_with_roles", v3(image_with_roles=[role("last_frame")])),
        ("image_with_roles", v3(image_with_roles=[role("first_frame"), role("first_frame")])),
        ("image_with_roles", v26(image_with_roles=[role("last_frame"), role("reference_image")])),
        ("audio", v3(audio="true")),
        ("audio", v3(audio=1)),
        ("audio", v26(audio=True)),
        ("audio", v26(audio=True, mode="std")),
        ("audio", omni(audio=False)),
        ("negative_prompt", v3(negative_prompt="noise")),
        ("watermark", v3(watermark=True)),
        ("metadata", v26(metadata={})),
        ("metadata", v3(metadata=[])),
        ("metadata", omni(metadata=None)),
        ("metadata.negative_prompt", v3(metadata={"negative_prompt": None})),
        ("metadata.watermark", v3(metadata={"watermark": "yes"})),
        ("prompt", v26(prompt="é" * 2501)),
        ("negative_prompt", v26(negative_prompt=3)),
        ("image_urls", v3(image_urls=[IMAGE])),
        ("reference_images", omni(reference_images=[IMAGE])),
        ("prompt", omni(prompt="<<<image_1>>>")),
        ("prompt", omni(prompt="<<<image_0>>>", image_urls=[IMAGE])),
        ("prompt", omni(prompt="<<<image_2>>>", image_urls=[IMAGE])),
        ("prompt", omni(prompt=f"<<<image_{'9' * 9000}>>>", image_urls=[IMAGE])),
        ("promt", v3(promt="x")),
        ("client_business_id", v3(client_business_id=" ")),
        ("callback_url", v3(callback_url="ftp://x.org/")),
        ("webhook", v3(webhook="https://x.org/")),
    ],
    "apimart": [
        ("model", {"model": "kling-v3-omni", "prompt": "x"}),
        ("prompt", {"model": "kling-v3"}),
        ("prompt", {"model": "kling-v3", "multi_shot": False}),
        ("duration", v3(duration=2)),
        ("duration", v3(duration=16)),
        ("duration", v3(duration="6")),
        ("image_urls", v3(image_urls=[IMAGE, OTHER, IMAGE])),
        ("image_urls[1]", v3(image_urls=[IMAGE, "data:image/png;base64,AAAA"])),
        ("multi_shot", v3(multi_shot="true")),
        ("multi_shot", v3(multi_shot=None)),
        ("shot_type", v3(multi_shot=True)),
        ("shot_type", v3(shot_type="customize")),
        ("shot_type", v3(multi_shot=True, shot_type="intelligent")),
        ("multi_prompt", v3(multi_prompt=[shot(1, 5)])),
        ("multi_prompt", custom_shots()),
        ("multi_prompt", v3(multi_shot=True, shot_type="customize")),
        ("multi_prompt", custom_shots(shot(1, 4))),
        ("multi_prompt", custom_shots(shot(1, 4), shot(2, 4), duration=7)),
        ("multi_prompt", custom_shots(shot(2, 5))),
        ("multi_prompt", custom_shots(shot(2, 2), shot(1, 3))),
        ("multi_prompt", custom_shots(*(shot(n, 1) for n in range(1, 8)), duration=7)),
        ("multi_prompt[0].index", custom_shots({"prompt": "x", "duration": 5})),
        ("multi_prompt[0].index", custom_shots(shot(1.0, 5))),
        ("multi_prompt[0].duration", custom_shots(shot(1, 0))),
        ("multi_prompt[0].duration", custom_shots(shot(1, "5"))),
        ("multi_prompt[0].prompt", custom_shots(shot(1, 5, "s" * 513))),
        ("multi_prompt[0].prompt", custom_shots(shot(1, 5, ""))),
        ("multi_prompt[0].camera", custom_shots(shot(1, 5, camera="pan"))),
        (
            "multi_prompt",
            v3(multi_shot=True, shot_type="intelligence", multi_prompt=[shot(1, 5)]),
        ),
        ("prompt", {"model": "kling-v3", "multi_shot": True, "shot_type": "intelligence"}),
        ("prompt", v3(multi_shot=True, shot_type="intelligence", prompt=" ")),
        ("prompt", custom_shots(shot(1, 5), prompt=7)),
        ("element_list", v3(element_list=[subject()] * 4)),
        ("element_list[0].name", v3(element_list=[subject(name=" ")])),
        (
            "element_list[0].description",
            v3(element_list=[{"name": "a", "element_input_urls": [IMAGE, OTHER]}]),
        ),
        (
            "element_list[0].element_input_urls",
            v3(element_list=[subject(element_input_urls=[IMAGE])]),
        ),
        (
            "element_list[0].element_input_urls",
            v3(element_list=[subject(element_input_urls=[IMAGE] * 5)]),
        ),
        ("element_list[0].voice", v3(element_list=[subject(voice="low")])),
        ("client_business_id", v3(client_business_id="a")),
        ("metadata", v3(metadata={})),
    ],
    "uniall": [
        ("model", uni("kling-v3")),
        ("prompt", {"model": "kling-v3-std-silent"}),
        ("prompt", uni(prompt="")),
        ("prompt", {"model": "kling-v3-std-silent", "extra_body": {"multi_prompt": []}}),
        ("prompt", uni_shots("near", prompt="both")),
        (
            "extra_body.multi_prompt",
            {"model": "kling-v3-std-audio", "extra_body": {"multi_prompt": [{"prompt": "near"}]}},
        ),
        ("extra_body.multi_prompt", uni_shots(*"abcdefg")),
        ("extra_body.multi_prompt[1].prompt", uni_shots("near", "")),
        ("extra_body.multi_prompt[0].duration", uni(extra_body={"multi_prompt": [shot(1, 2)]})),
        ("extra_body.multi_prompt", uni(extra_body={"multi_prompt": None})),
        ("extra_body.cfg_scale", uni(extra_body={"cfg_scale": 1.01})),
        ("extra_body.cfg_scale", uni(extra_body={"cfg_scale": float("nan")})),
        ("extra_body.cfg_scale", uni(extra_body={"cfg_scale": "0.5"})),
        ("extra_body.cfg_scale", uni(extra_body={"cfg_scale": True})),
        ("extra_body.shot_type", uni(extra_body={"shot_type": "intelligence"})),
        ("extra_body.element_list", uni(extra_body={"element_list": {}})),
        ("extra_body.negative_prompt", uni(extra_body={"negative_prompt": None})),
        ("extra_body", uni(extra_body="{}")),
        ("last_image", uni(last_image=IMAGE)),
        ("image", uni(image="one.png")),
        ("duration", uni(duration="5")),
        ("duration", uni(duration=2)),
        ("negative_prompt", uni(negative_prompt="n")),
        ("mode", uni(mode="pro")),
    ],
}


@pytest.mark.parametrize(
    ("gateway", "body"), [(name, body) for name, them in ACCEPTED.items() for body in them]
)
def test_a_body_that_follows_the_rules_is_accepted(gateway: str, body: Body) -> None:
    assert validate_request(gateway, body["model"], body, loopback=False) == []


@pytest.mark.parametrize(
    ("gateway", "path", "body"),
    [(name, path, body) for name, them in REJECTED.items() for path, body in them],
)
def test_a_body_that_breaks_a_rule_is_rejected_by_field(gateway: str, path: str, body: Any) -> None:
    assert path in violated(gateway, body)


@pytest.mark.parametrize(
    "url",
    [
        "https://img.example.org/a.png",
        "HTTP://IMG.EXAMPLE.ORG",
        "https://example.org./a.png",
        "https://user:pass@example.org:8443/a.png?x=1#y",
        "http://8.8.8.8/a.png",
    ],
)
def test_a_public_url_is_accepted(url: str) -> None:
    assert violated("toapis", v3(reference_images=[url])) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.png",
        "/etc/passwd",
        "file:///etc/passwd",
        "data:image/png;base64,iVBORw0KGgo=",
        "iVBORw0KGgo=",
        "ftp://example.org/a.png",
        "//example.org/a.png",
        "https://",
        "https://localhost/a.png",
        "https://localhost./a.png",
        "https://example..org/a.png",
        "https://.org/a.png",
        "https://[2001:4860:4860::8888]/a.png",
        "https://[broken/a.png",
        "https://example.org:99999/a.png",
        "https://example.org/a b.png",
        " https://example.org/a.png",
        "https://example.org/a.png\n",
        "https://exa\tmple.org/a.png",
        "https://example.org/\x7f.png",
    ],
)
@pytest.mark.parametrize("loopback", [False, True])
def test_a_url_that_is_not_public_is_rejected(url: str, loopback: bool) -> None:
    found = violated("toapis", v3(reference_images=[url]), loopback=loopback)
    assert found == ["reference_images[0]"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "192.168.0.9", "169.254.169.254", "0.0.0.0", "100.64.0.1"]
)
def test_private_addresses_are_for_loopback_gateways_only(host: str) -> None:
    body = v3(reference_images=[f"http://{host}:8000/a.png"])
    assert violated("toapis", body, loopback=True) == []
    assert violated("toapis", body, loopback=False) == ["reference_images[0]"]


def test_every_violation_is_listed_and_the_nearest_name_suggested() -> None:
    body = v3(mode="max", duration=6, aspct_ratio="16:9")
    found = validate_request("toapis", "kling-v3", body, loopback=False)
    assert [violation.path for violation in found] == ["mode", "duration", "aspct_ratio"]
    assert "aspect_ratio" in found[2].message


def test_the_body_must_be_for_the_model_asked_about() -> None:
    found = validate_request("toapis", "kling-v2-6", v3(), loopback=False)
    assert [violation.path for violation in found] == ["model"]
