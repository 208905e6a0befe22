"""The page's scripts: real modules that import one way, and one script once they are bundled."""

import functools
import re
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import rushes_compare._page
from page_results import VARIANTS, cannot, failed, made
from playwright.sync_api import Browser, Page
from rushes_compare import results as structs
from rushes_compare._page import write_page
from rushes_compare._page.bundling import BundleError, bundle
from rushes_compare.results import Results, Row

SCRIPTS = Path(rushes_compare._page.__file__).parent / "scripts"
MODULES = sorted(path.name for path in SCRIPTS.glob("*.js"))
ACTING = {"main.js", "halted.js"}
BUNDLED = re.compile(r"<script>(.*)</script>", re.DOTALL)


def bundled(folder: Path, **modules: str) -> str:
    """Write modules, by name, and bundle `main`."""
    for name, source in modules.items():
        (folder / f"{name}.js").write_text(source)
    return bundle(folder, "main.js")


def test_every_module_is_bundled_once_after_its_imports() -> None:
    text = bundle(SCRIPTS, "main.js")
    order = re.findall(r'^modules\["([\w.]+)"\] = ', text, re.MULTILINE)
    assert sorted(order) == MODULES
    assert order[0] == "halted.js"  # what fails afterwards is noticed
    assert order[-1] == "main.js"
    for name in MODULES:
        for imported in re.findall(r'from "\./([\w.]+)";', (SCRIPTS / name).read_text()):
            if imported != "types.js":  # types alone
                assert order.index(imported) < order.index(name), f"{name} imports {imported}"


def test_modules_share_only_what_they_export(tmp_path: Path, browser: Browser) -> None:
    text = bundled(
        tmp_path,
        main='import "./acts.js";\nimport {\n  add,\n  Pair,\n} from "./sums.js";\n'
        "const secret = 3;\nwindow.found = [add(secret, 1), new Pair().of, window.acted];\n",
        acts='import { add } from "./sums.js";\nwindow.acted = add(1, 1);\n',
        sums="const secret = 10;\n/** Adds. */\nexport const add = (a, b) => a + b + secret;\n"
        "export class Pair {\n  of = secret;\n}\n",
    )
    assert "Adds." not in text
    page = browser.new_page()
    page.set_content(f"<script>{text}</script>")
    assert page.evaluate("() => [window.found, typeof secret]") == [[14, 10, 12], "undefined"]
    page.close()


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        (
            {"main": 'import { a } from "./a.js";\n', "a": 'import "./main.js";\n'},
            r"circle: main\.js -> a\.js -> main\.js",
        ),
        ({"main": "export let count = 0;\n"}, r"main\.js: 'export let count = 0;'"),
        ({"main": "export default 1;\n"}, "export default"),
        ({"main": 'import * as a from "./a.js";\n', "a": ""}, "import"),
        ({"main": 'import { a as b } from "elsewhere";\n'}, "elsewhere"),
        ({"main": 'const a = "</SCRIPT>";\n'}, "would end the page's script"),
        ({"main": 'const a = "<!--";\n'}, "would end the page's script"),
    ],
)
def test_what_cannot_be_bundled_is_refused(
    tmp_path: Path, modules: dict[str, str], message: str
) -> None:
    with pytest.raises(BundleError, match=message):
        bundled(tmp_path, **modules)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write two pages without videos: `report.html`, and `modules.html` which has real modules."""
    at = tmp_path_factory.mktemp("scripts")
    cells = [
        msgspec.structs.replace(change(made(number, row, variant, 2, (320, 180))), video=None)
        for number, (row, variant, change) in enumerate(
            [(0, VARIANTS[0], cannot), (0, VARIANTS[5], failed), (1, VARIANTS[0], failed)]
        )
    ]
    rows = [Row(name="x", request={"prompt": "A boat"}), Row(name="y", request={"prompt": "b"})]
    found = Results(
        id="x", created_at=0, rows=rows, variants=[VARIANTS[0], VARIANTS[5]], cells=cells
    )
    text = write_page(found, at).read_text()
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    for name, script in (("modules", '<script type="module" src="scripts/main.js">'), ("bare", "")):
        whole = BUNDLED.sub(f"{script}</script>" if script else "", text)
        (at / f"{name}.html").write_text(whole)
    (at / "scripts").symlink_to(SCRIPTS)
    return at


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Serve the folder: browsers do not import modules from a disk."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page; fails if it writes anything to its console."""
    messages: list[str] = []
    opened = browser.new_page()
    opened.on("console", lambda message: messages.append(message.text))
    opened.on("pageerror", lambda error: messages.append(str(error)))
    yield opened
    opened.close()
    assert messages == []


def test_unbundled_modules_make_the_same_page(page: Page, address: str, folder: Path) -> None:
    drawn = []
    for place in (f"{address}/modules.html", (folder / "report.html").as_uri()):
        page.goto(place)
        page.keyboard.press("d")
        page.click("#theme")
        assert page.locator("#row-1 .line").count() > 3
        drawn.append(
            page.evaluate(
                """() => [...document.body.children]
                    .filter((one) => one.localName !== "script").map((one) => one.outerHTML)"""
            )
        )
    with_modules, with_bundle = drawn
    assert with_modules == with_bundle


def test_importing_a_module_has_no_effect(page: Page, address: str) -> None:
    page.goto(f"{address}/bare.html")
    did = page.evaluate(
        """async (names) => {
            const html = () => document.documentElement.outerHTML;
            const did = [];
            let name;
            const listen = EventTarget.prototype.addEventListener;
            EventTarget.prototype.addEventListener = function (...given) {
                const shared = this === undefined || this === window || this === document;
                if (shared || this.isConnected) did.push(`${name} listens to ${given[0]}`);
                return listen.apply(this, given);
            };
            const keys = () => Object.keys(window).join();
            const before = [html(), keys(), localStorage.length];
            for (name of names) {
                await import(`/scripts/${name}`);
                if (`${before}` !== `${[html(), keys(), localStorage.length]}`) did.push(name);
            }
            return did;
        }""",
        [name for name in MODULES if name not in ACTING],
    )
    assert did == []


def test_the_types_of_the_page_are_the_structs() -> None:
    text = (SCRIPTS / "types.d.ts").read_text()
    found = re.findall(r"^export interface (\w+) \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    interfaces = {name: set(re.findall(r"^  (\w+): ", body, re.MULTILINE)) for name, body in found}
    for struct in (
        structs.Results, structs.Row, structs.Cell, structs.CheckFinding, structs.Failure,
        structs.Timing, structs.Stretch, structs.Video, structs.Promise, structs.Settings,
        structs.Ratings, structs.PoolRatings, structs.Standing, structs.Measures, structs.Bounds,
    ):  # fmt: skip
        fields = set(struct.__struct_fields__)
        if struct is structs.Cell:  # what `page_data` replaces
            fields = fields - {"payload", "differs"} | {"sent", "pool"}
        assert interfaces[struct.__name__] == fields, struct.__name__
    state = re.search(r"export type State =(.*?);", text, re.DOTALL)
    assert state
    assert set(re.findall(r'"(\w+)"', state[1])) == set(get_args(structs.State))
