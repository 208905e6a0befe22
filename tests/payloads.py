"""Payloads around every bound of the eight variants, valid and invalid ones."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

URLS = st.sampled_from(
    [
        "https://pictures.example.com/a.png",
        "HTTP://pictures.example.com/b.jpg?x=1#y",
        "https://user:word@pictures.example.com:8443/c",
        "https://example.com",
        "https://example.com.",
        "http://93.184.216.34/a.png",
        "http://127.0.0.1:8000/a.png",
        "http://10.0.0.7/a.png",
        "http://192.168.1.1/a.png",
        "http://169.254.169.254/latest",
        "http://127.1/a.png",
        "http://0x7f.1/a.png",
        "http://[::1]/a.png",
        "https://localhost/a.png",
        "https://intranet/a.png",
        "https://.example.com/a",
        "https://a..b/c",
        "https:///a.png",
        "https://exa mple.com/a.png",
        "https://example.com/a b.png",
        "https://example.com/a.png\n",
        "https://example.com:port/a",
        "https://example.com:99999/a",
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "iVBORw0KGgo=",
        "pictures/a.png",
        "//example.com/a.png",
        "",
        " ",
    ]
)
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, 1, -1, 5.0, 5.5, 10**20, "5", "", " ", [], {}, [None]]
)
PROMPTS = st.sampled_from(
    [
        "A red kite",
        "",
        "   ",
        "\u3000\n",
        "k",
        "é" * 2500,
        "🪁" * 2500,
        "🪁" * 2501,
        "<<<image_1>>> turns",
        "<<<image_2>>> and <<<image_1>>>",
        "<<<image_0>>>",
        "<<<image_3>>>",
        "<<<image_01>>>",
        "<<<image_\uff11>>>",
        "<<<image_99999999999999999999>>>",
        "<<<video_1>>> @kite",
        "@kite over @dune",
    ]
)
SHOT_PROMPTS = st.sampled_from(["A", "", " ", "🪁" * 512, "🪁" * 513, "@kite"])


def usually(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw a valid value, and now and then anything else."""
    return st.integers(0, 9).flatmap(lambda n: ODD if n == 0 else right)


def maybe(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw an object with any subset of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


ROLES = usually(
    st.lists(
        usually(
            st.fixed_dictionaries(
                {"url": usually(URLS)},
                optional={
                    "role": usually(
                        st.sampled_from(["first_frame", "last_frame", "reference_image", "first"])
                    ),
                    "weight": st.just(1),
                },
            )
        ),
        max_size=4,
    )
)
RATIOS = usually(st.sampled_from(["16:9", "9:16", "1:1", "4:3", "16 : 9", "16:9 "]))
NAMES = st.sampled_from(
    ["client_business_id", "callback_url", "webhook", "Prompt", "seed", "prompt "]
)
UNKNOWN: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}),
    st.just({}),
    st.just({}),
    st.dictionaries(
        NAMES, st.sampled_from(["x", "", "https://a.example.com/hook", "http://localhost/hook"])
    ),
)
MODES = usually(st.sampled_from(["std", "pro", "4k", "STD", "standard"]))
LISTS = usually(st.lists(usually(URLS), max_size=4))


def _toapis(fields: dict[str, st.SearchStrategy[Any]]) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "prompt": usually(PROMPTS),
        "mode": MODES,
        "duration": usually(st.sampled_from([5, 10, 15, 4, 6, 14, 16])),
        "aspect_ratio": RATIOS,
        **fields,
    }


METADATA = usually(
    maybe(
        {
            "negative_prompt": usually(st.sampled_from(["", "blur"])),
            "watermark": usually(st.booleans()),
            "anything": ODD,
            "nested": st.just({"a": [1, {"b": None}]}),
        }
    )
)
SHOT = st.fixed_dictionaries(
    {},
    optional={
        "index": usually(st.integers(0, 7)),
        "prompt": usually(SHOT_PROMPTS),
        "duration": usually(st.integers(0, 6)),
        "camera": st.just("left"),
    },
)


def _numbered(count: int) -> list[dict[str, Any]]:
    return [{"index": n + 1, "prompt": "A", "duration": 1} for n in range(count)]


SHOTS = st.one_of(st.lists(usually(SHOT), max_size=3), st.integers(0, 7).map(_numbered), ODD)
ELEMENT = st.fixed_dictionaries(
    {
        "name": usually(st.sampled_from(["kite", "dune", " "])),
        "description": usually(st.sampled_from(["red", ""])),
        "element_input_urls": usually(st.lists(usually(URLS), max_size=5)),
    }
)

FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "toapis/kling-v3": _toapis(
        {
            "reference_images": LISTS,
            "image_with_roles": ROLES,
            "audio": usually(st.booleans()),
            "metadata": METADATA,
        }
    ),
    "toapis/kling-v3-omni": _toapis({"image_urls": LISTS, "metadata": METADATA}),
    "toapis/kling-v2-6": _toapis(
        {
            "reference_images": LISTS,
            "image_with_roles": ROLES,
            "negative_prompt": usually(st.sampled_from(["", "blur"])),
            "audio": usually(st.booleans()),
            "watermark": usually(st.booleans()),
        }
    ),
    "apimart/kling-v3": {
        "prompt": usually(PROMPTS),
        "mode": MODES,
        "duration": usually(st.integers(1, 16)),
        "aspect_ratio": RATIOS,
        "negative_prompt": usually(st.sampled_from(["", "blur"])),
        "image_urls": LISTS,
        "audio": usually(st.booleans()),
        "watermark": usually(st.booleans()),
        "multi_shot": usually(st.booleans()),
        "shot_type": usually(st.sampled_from(["customize", "intelligence", "intelligent"])),
        "multi_prompt": SHOTS,
        "element_list": usually(st.lists(usually(ELEMENT), max_size=4)),
    },
}
UNIALL = {
    "prompt": usually(PROMPTS),
    "image": usually(URLS),
    "last_image": usually(URLS),
    "aspect_ratio": RATIOS,
    "duration": usually(st.integers(1, 16)),
    "extra_body": usually(
        maybe(
            {
                "cfg_scale": usually(st.sampled_from([0, 1, 0.5, -0.01, 1.01])),
                "shot_type": usually(st.sampled_from(["customize", "intelligent", "intelligence"])),
                "negative_prompt": usually(st.sampled_from(["", "blur"])),
                "multi_prompt": usually(
                    st.lists(
                        usually(st.fixed_dictionaries({"prompt": usually(SHOT_PROMPTS)},
                                                      optional={"duration": st.just(1)})),
                        max_size=7,
                    )
                ),
                "element_list": usually(st.lists(ODD, max_size=2)),
                "anything": ODD,
            }
        )
    ),
}  # fmt: skip
for quality in ("std", "pro"):
    for sound in ("silent", "audio"):
        FIELDS[f"uniall/kling-v3-{quality}-{sound}"] = UNIALL


@cache
def _few(variant: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(FIELDS[variant])), max_size=5, unique=True)


@cache
@st.composite
def native_payloads(draw: st.DrawFn, variant: str) -> dict[str, Any]:
    """Draw a native payload for a variant: few fields or many, most of them plausible."""
    fields = FIELDS[variant]
    few = draw(_few(variant))
    body: dict[str, Any] = {"model": variant.partition("/")[2]}
    if draw(st.integers(0, 30)) == 0:
        body["model"] = draw(st.sampled_from(["kling-v3", "kling-v2-6", "", None, 3]))
    if draw(st.integers(0, 3)):
        body["prompt"] = "A red kite"
    for name in few:
        body[name] = draw(fields[name])
    return {**body, **draw(UNKNOWN)}
