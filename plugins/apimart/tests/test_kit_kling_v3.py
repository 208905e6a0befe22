# fmt: off
from rushes import Image, Request, Result, Shot, Status
from rushes.testing import VariantConformance
from rushes_apimart.kling_v3 import plugin as kling

URL, BASE = "https://pictures.example.com/a.png", {"model": "kling-v3", "prompt": "A red kite"}
CUTS = [{"index": 1, "prompt": "Up", "duration": 2}, {"index": 2, "prompt": "Down", "duration": 3}]
SHOTS = {"model": "kling-v3", "multi_shot": True, "shot_type": "customize", "multi_prompt": CUTS}
AUTO, NONE = {**SHOTS, "shot_type": "intelligence"}, {"multi_prompt": list[str]()}
KITE = {"name": "kite", "description": "red", "element_input_urls": [URL, URL]}
TASK = {"id": "t", "status": "completed", "cost": 0.3, "result": {"videos": [{"url": [URL]}]}}

class TestKlingV3(VariantConformance):
    plugin, word_at, receipts = kling, "data.status", [({"data": [{"task_id": "t"}]}, "t"), ({"data": {"task_id": "t"}}, "t")]
    accepted = [BASE, SHOTS, {**BASE, "prompt": "@kite flies", "element_list": [KITE]}, Request(shots=[Shot("k", 3)], images=[Image(URL, "first_frame")]),
                {**BASE, "mode": "4k", "duration": 15, "image_urls": [URL, URL]}]
    rejected = {"prompt_unless_multi_shot": {"model": "kling-v3"}, "customize_needs_shots": {**SHOTS, **NONE},
        "multi_shot_needs_type": {**BASE, "multi_shot": True}, "intelligence_needs_prompt": {**AUTO, **NONE},
        "shots_need_multi_shot": {**BASE, "multi_prompt": CUTS}, "shots_fill_the_duration": {**SHOTS, "duration": 6},
        "intelligence_takes_no_shots": {**AUTO, "prompt": "k"}, "indexes_count_from_one": {**SHOTS, "multi_prompt": CUTS[::-1]}}
    noted = {"subjects_are_cited": {**BASE, "element_list": [KITE]}, "image_may_set_the_ratio": {**BASE, "image_urls": [URL], "aspect_ratio": "1:1"}}
    statuses = [({"data": TASK}, Status(state="completed", results=(Result(url=URL),), cost=0.3, remote_id="t"))]
    refusals = [(200, {"code": 402, "error": {"message": "no money"}}, "balance"), (200, {"code": 400}, "refused")]
    exchanges = {"upload": [{"url": URL}]}
