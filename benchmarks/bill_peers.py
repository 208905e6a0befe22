"""One job with another library, with its defaults; prints how it ended.

Usage: python bill_peers.py NAME ADDRESS
"""

import os
import sys
from collections.abc import Callable
from typing import Any

KEY = "a-key-of-no-value"
PROMPT = "A red kite over dunes"


def by_openai(url: str) -> Any:
    import openai

    return openai.OpenAI(api_key=KEY, base_url=f"{url}/v1").videos.create(prompt=PROMPT)


def by_runwayml(url: str) -> Any:
    import runwayml

    client = runwayml.RunwayML(api_key=KEY, base_url=url)
    return client.text_to_video.create(
        model="veo3.1", prompt_text=PROMPT, ratio="1280:720", duration=4
    )


def by_litellm(url: str) -> Any:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it fetches one at import
    import litellm

    where = {"custom_llm_provider": "openai", "api_base": f"{url}/v1", "api_key": KEY}
    return litellm.video_generation(prompt=PROMPT, model="sora-2", **where)


def by_genblaze(url: str) -> Any:
    from job.subjects import genblaze_provider, genblaze_step

    step = genblaze_provider(url, 0.25, "standard library").invoke(genblaze_step(), {"timeout": 60})
    if step.status != "succeeded":
        raise RuntimeError(step.error)
    return step


PEERS: dict[str, Callable[[str], Any]] = {
    "openai": by_openai,
    "runwayml": by_runwayml,
    "litellm": by_litellm,
    "genblaze": by_genblaze,
}

if __name__ == "__main__":
    try:
        PEERS[sys.argv[1]](sys.argv[2])
        print("success")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the caller is told
        print(f"`{type(error).__name__}`")
