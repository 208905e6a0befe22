"""Debian's Firefox, once for all tests of this folder."""

import shutil
from collections.abc import Iterator

import pytest
from firefox_driver import Firefox, running_firefox

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    if not PROGRAM:
        pytest.skip("there is no `firefox-esr` on the PATH; Debian's package is `firefox-esr`")
    with running_firefox(PROGRAM, tmp_path_factory.mktemp("firefox")) as started:
        yield started
