"""Opens HTML reports in a headless Chromium and says what is wrong with them, a line each.

It speaks the DevTools protocol over a pipe, so that it needs nothing but Python and Chromium: html_check.py --axe axe.min.js PAGE... [--big PAGE].
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

# Width in pixels and colour scheme. The first page is looked at in all four ways, the others in those that differ in both.
LOOKS = [(360, "light"), (1400, "dark"), (360, "dark"), (1400, "light")]
SECONDS = 60  # for one answer of the browser


class Browser:
    """A Chromium of its own, which ends with the `with` block."""

    def __init__(self, program: str) -> None:
        self.profile = tempfile.TemporaryDirectory(prefix="html-check-")
        commands, self.write_end = os.pipe()
        self.read_end, answers = os.pipe()
        # Chromium reads commands from 3 and answers on 4.
        shell = f'exec "$@" 3<&{commands} 4>&{answers}'
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe", "--no-first-run",
                 "--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking", f"--user-data-dir={self.profile.name}"]
        self.process = subprocess.Popen(["bash", "-c", shell, "bash", program, *flags, "about:blank"], pass_fds=(commands, answers),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self.number = 0
        self.buffer = b""
        self.session: Dict[str, str] = {}
        self.events: List[Dict[str, Any]] = []

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)
        time.sleep(0.2)
        self.profile.cleanup()

    def _receive(self) -> Dict[str, Any]:
        while b"\0" not in self.buffer:
            more = os.read(self.read_end, 1 << 20)
            if not more:
                raise RuntimeError("Chromium ended; does it run at all? Try: chromium --headless --no-sandbox --dump-dom about:blank")
            self.buffer += more
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method: str, **parameters: Any) -> Dict[str, Any]:
        self.number += 1
        command = {"id": self.number, "method": method, "params": parameters, **self.session}
        data = json.dumps(command).encode() + b"\0"
        while data:
            data = data[os.write(self.write_end, data):]
        while True:
            message = self._receive()
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]
            if "method" in message:
                self.events.append(message)

    def wait_for(self, event: str) -> None:
        while not any(e["method"] == event for e in self.events):
            message = self._receive()
            if "method" in message:
                self.events.append(message)

    def open_tab(self) -> None:
        self.session = {}
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.session = {"sessionId": session}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def look(self, width: int, scheme: str = "light", script: bool = True) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)

    def load(self, page: Path) -> None:
        self.events.clear()
        self.call("Page.navigate", url=page.resolve().as_uri())
        self.wait_for("Page.loadEventFired")

    def check(self, expression: str) -> str:
        """What a check says: nothing, or what is wrong."""
        try:
            return self.run(expression) or ""
        except RuntimeError as error:
            return f"a check cannot be made: {str(error).splitlines()[0]}"

    def run(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")


def quiet(browser: Browser, page: Path) -> List[str]:
    """What the browser said while it loaded the page: errors, violations of the policy, requests."""
    found = []
    for event in browser.events:
        what = event["params"]
        if event["method"] == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
            found.append(f"the browser says: {what['entry']['text']}")
        if event["method"] == "Runtime.exceptionThrown":
            found.append(f"the script fails: {what['exceptionDetails']['text']}")
        if event["method"] == "Runtime.consoleAPICalled":
            found.append(f"the script writes to the console: {what['type']}")
        if event["method"] == "Network.requestWillBeSent":
            url = what["request"]["url"]
            if url != page.resolve().as_uri() and not url.startswith("data:"):
                found.append(f"it asks for {url}")
    return found


# The same elements as XML and as HTML: the parser had nothing to mend.
SAME_TREE = """((text) => {
    const xml = new DOMParser().parseFromString(text, "application/xml");
    const html = new DOMParser().parseFromString(text, "text/html");
    const tree = (document) => Array.from(document.querySelectorAll("*"), (e) => `${e.localName} in ${e.parentElement ? e.parentElement.localName : ""}`);
    const a = tree(xml), b = tree(html);
    const at = a.findIndex((name, index) => name !== b[index]);
    return at === -1 ? "" : `element ${at} is ${a[at]} as XML, ${b[at]} as HTML`;
})(%s)"""

FITS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

OPEN_ALL = "document.querySelectorAll('details').forEach((d) => { d.open = true; })"

# One row is like the others, and axe takes milliseconds for each element.
THIN_OUT = """(() => {
    const keep = (list, most) => Array.from(list).slice(most).forEach((element) => element.remove());
    document.querySelectorAll("tbody").forEach((body) => keep(body.rows, 3));
    document.querySelectorAll("svg").forEach((svg) => keep(svg.querySelectorAll("path:has(title)"), 2));
    keep(document.querySelectorAll("details.case"), 3);
})()"""

# Serious and critical findings, and what each is about.
AXE = """(async () => {
    const wrong = (await axe.run(document, { resultTypes: ["violations"] })).violations;
    return wrong.filter((v) => v.impact === "serious" || v.impact === "critical")
        .map((v) => `axe: ${v.id} (${v.impact}), ${v.nodes.length} times, first ${v.nodes[0].html.slice(0, 160)}`);
})()"""

# A search leaves the rows that have its words; then all are back.
SEARCH = """(() => {
    const section = document.querySelector("details.case");
    const tables = Array.from(section.querySelectorAll("table.entries"));
    if (tables.length === 0) return "no table of stages";
    const rows = tables.flatMap((table) => Array.from(table.tBodies[0].rows));
    const search = section.querySelector("input[type=search]");
    const word = "logits";
    const expected = rows.filter((row) => row.textContent.toLowerCase().includes(word)).length;
    search.value = word;
    search.dispatchEvent(new Event("input"));
    const shown = rows.filter((row) => row.getClientRects().length > 0 || !row.hidden).length;
    const said = section.querySelector("output").textContent;
    search.value = "";
    search.dispatchEvent(new Event("input"));
    if (shown !== expected || expected === 0 || expected === rows.length) return `search for ${word}: ${shown} rows shown, ${expected} have it, of ${rows.length}`;
    if (!said.startsWith(`${expected} of ${rows.length}`)) return `the search says ${said}`;
    if (rows.some((row) => row.hidden)) return "an empty search hides rows";
    return "";
})()"""

# A click on a header sorts, a second one the other way, and the header says so.
SORT = """(() => {
    const table = document.querySelector("table.entries.judged");
    const header = Array.from(table.tHead.rows[0].cells).find((cell) => cell.textContent.startsWith("Ratio"));
    const column = header.cellIndex;
    const button = header.querySelector("button");
    const ratios = () => Array.from(table.tBodies[0].rows, (row) => row.cells[column].textContent.trim())
        .map((text) => (text === "" ? -Infinity : /^(NaN|[+]inf)$/.test(text) ? Infinity : Number(text)));
    const ordered = (list, sign) => list.every((value, index) => index === 0 || sign * (list[index - 1] - value) <= 0 || value === list[index - 1]);
    const started = performance.now();
    button.click();
    const spent = performance.now() - started;
    if (header.getAttribute("aria-sort") !== "descending" || !ordered(ratios(), -1)) return `the first click on Ratio gives ${ratios().slice(0, 5)}`;
    button.click();
    if (header.getAttribute("aria-sort") !== "ascending" || !ordered(ratios(), 1)) return `the second click on Ratio gives ${ratios().slice(0, 5)}`;
    return spent < 1000 ? "" : `sorting took ${spent} ms`;
})()"""

# The pointer on a mark that fails: the page says which stage that is.
POINT = """(() => {
    const svg = document.querySelector("svg.chart");
    const mark = svg.querySelector("path.mark.bad:has(title)") || svg.querySelector("path.mark.ok");
    const [x, y] = mark.getAttribute("d").match(/[0-9.]+/g).map(Number);
    const box = svg.getBoundingClientRect();
    svg.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x, clientY: box.top + y }));
    const said = svg.closest("figure").querySelector(".tip").textContent;
    const wanted = mark.querySelector("title") ? mark.querySelector("title").textContent.split(" of step")[0] : "";
    const verdict = wanted ? ": ✗ failed, ratio " : ": ✓ passed";
    return said.startsWith("steps/") && said.includes(wanted + verdict) ? "" : `the pointer on ${wanted}: ${said}`;
})()"""

WITHOUT_SCRIPT = """(() => {
    if (document.querySelector(".tools, th button")) return "the script ran though it was off";
    const said = document.querySelector("h1").textContent.trim();
    if (said.length > 20 && document.querySelectorAll("svg.chart").length && document.querySelector("tbody tr")) return "";
    return `without script there is no sentence, no chart or no table: ${said}`;
})()"""

TIMES = """(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50)));
    const t = performance.getEntriesByType("navigation")[0];
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    return { interactive: t.domInteractive, ready: t.domContentLoadedEventEnd, loaded: t.loadEventEnd, painted: paint ? paint.startTime : null };
})()"""


def check_page(browser: Browser, page: Path, axe: str, looks: List[Tuple[int, str]]) -> List[str]:
    browser.look(1400)
    browser.load(page)
    found = quiet(browser, page)
    found.append(browser.run(SAME_TREE % json.dumps(page.read_text())))
    if "<table class=\"entries" in page.read_text():
        found += [browser.check(SEARCH), browser.check(SORT), browser.check(POINT)]
    for width, scheme in looks:
        browser.look(width, scheme)
        browser.load(page)
        found += quiet(browser, page)
        browser.run(OPEN_ALL)
        wide = browser.run(FITS)
        if wide > 0:
            found.append(f"at a width of {width} it is {wide} pixels too wide")
        browser.run(THIN_OUT)
        browser.run(axe + "; undefined")
        found += [f"{w} (width {width}, {scheme})" for w in browser.run(AXE)]
    browser.look(1400, script=False)
    browser.load(page)
    found += quiet(browser, page)
    found.append(browser.check(WITHOUT_SCRIPT))
    return [f for f in found if f]


def check_big(browser: Browser, page: Path) -> List[str]:
    """It must be small, and there at once: the best of some times, for other programs run too."""
    best: Dict[str, float] = {}
    nbytes = page.stat().st_size
    for _ in range(5):
        browser.look(1400)
        browser.load(page)
        times = browser.run(TIMES)
        if not best or times["ready"] < best["ready"]:
            best = times
    found = quiet(browser, page)
    browser.run(OPEN_ALL)
    found += [browser.check(SEARCH), browser.check(SORT)]
    print(f"{page}: {nbytes} bytes; interactive after {best['interactive']:.0f} ms, script done after {best['ready']:.0f} ms, "
          f"loaded after {best['loaded']:.0f} ms, painted after {best['painted'] or 0:.0f} ms")
    if nbytes > 3 << 20:
        found.append(f"it has {nbytes} bytes, more than 3 MiB")
    if best["ready"] > 1000:
        found.append(f"it is interactive only after {best['ready']:.0f} ms")
    return [f for f in found if f]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--axe", required=True, type=Path, help="axe.min.js")
    parser.add_argument("--big", type=Path, help="a page that must be fast")
    parser.add_argument("--chromium", default="chromium")
    arguments = parser.parse_args()
    axe, wrong = arguments.axe.read_text(), 0
    with Browser(arguments.chromium) as browser:
        for page in [*arguments.pages, arguments.big]:
            if page is None:
                continue
            browser.open_tab()
            found = check_big(browser, page) if page == arguments.big else check_page(browser, page, axe, LOOKS if page == arguments.pages[0] else LOOKS[:2])
            for what in found:
                print(f"{page}: {what}")
            wrong += len(found)
    print("html-check: clean" if wrong == 0 else f"html-check: {wrong} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
