# fmt: off
from rushes import Image, Request, Result, Status
from rushes.testing import VariantConformance
from rushes_toapis.kling_v2_6 import plugin as kling

URL = "https://pictures.example.com/a.png"
BASE = {"model": "kling-v2-6", "prompt": "A red kite"}
FRAMES = [{"url": URL, "role": role} for role in ("first_frame", "last_frame", "reference_image")]
DONE = Status(state="completed", progress=90, results=(Result(url=URL),))


class TestKlingV26(VariantConformance):
    plugin = kling
    accepted = [BASE, {**BASE, "duration": 10, "mode": "pro", "audio": True, "aspect_ratio": "1:1"},
                {**BASE, "reference_images": [URL], "image_with_roles": FRAMES[:2]},
                {**BASE, "negative_prompt": "blur", "image_with_roles": FRAMES[:2]},
                Request("k", watermark=True, images=[Image(URL, "first_frame")])]
    rejected = {"audio_needs_pro": {**BASE, "audio": True},
                "one_of_each_frame": {**BASE, "image_with_roles": FRAMES[:1] * 2},
                "last_frame_needs_first": {**BASE, "image_with_roles": FRAMES[1:2]}}
    receipts = [({"id": "t", "status": "queued"}, "t")]
    statuses = [({"status": "completed", "progress": "90%", "url": URL}, DONE)]
    exchanges = {"upload": [{"data": {"url": URL}}], "look_up": [{"id": "t"}]}
