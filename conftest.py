"""One Hypothesis profile for every suite here, and one for `nox -s search`.

What guards main draws the same examples every time, however busy the machine is; only what a test
needs beyond that, or how many times as many examples it is worth, stands beside the test.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "guard",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[
        HealthCheck.too_slow,  # it asks the clock
        HealthCheck.data_too_large,  # of bodies and worlds drawn at random some are
        HealthCheck.function_scoped_fixture,  # an example leaves nothing in the fixtures used so
    ],
)
examples = os.environ.get("RUSHES_SEARCH")
settings.register_profile(
    "search",
    settings.get_profile("guard"),
    derandomize=False,
    max_examples=int(examples or 2000),
)
# Before any test module, or the kit, is imported: a property takes its settings from then.
settings.load_profile("search" if examples else "guard")
