#!/usr/bin/env python3
"""Opens pages of `denseblock report` in Chromium, on a phone and on a desktop, light and dark.

    report_browser.py PAGE...

Needs Playwright, and Chromium as the system has it.
"""
import pathlib
import shutil
import sys

from playwright.sync_api import sync_playwright

WIDTHS = 400, 1400
SCHEMES = "light", "dark"
SECTIONS = ["block", "memory", "speed", "accuracy"]
OF_LAYERS = ["layers", "roofline"]
LEAST_CONTRAST = 4.5  # of text, as the accessibility guidelines (WCAG 2.1, AA) have it

# Texts whose contrast with what is behind them is too low; graphics in SVG are not looked at.
LOW_CONTRAST = """least => {
    const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const light = text => {
        const [r, g, b] = text.match(/[0-9.]+/g).map(Number).map(channel);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = at => {
        for (; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (colour != "rgba(0, 0, 0, 0)") return colour;
        }
    };
    const low = [];
    for (const at of document.querySelectorAll("body *")) {
        const text = [...at.childNodes].some(n => n.nodeType == 3 && n.data.trim());
        if (!text || at.closest("style, title, desc")) continue;
        const style = getComputedStyle(at);
        const svg = at instanceof SVGElement;
        const colour = svg ? style.fill : style.color;
        const pair = [light(colour), light(ground(at))].sort((a, b) => a - b);
        const contrast = (pair[1] + 0.05) / (pair[0] + 0.05);
        if (contrast < least)
            low.push(`${at.tagName} ${at.textContent.slice(0, 30)}: ${contrast}`);
    }
    return low;
}"""

# Headings whose level is more than one below the one before.
SKIPPED_HEADINGS = """() => {
    const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map(h => +h.tagName[1]);
    return levels.filter((level, i) => level > (i > 0 ? levels[i - 1] : 0) + 1);
}"""

EMPTY_PICTURES = """() => [...document.querySelectorAll("svg, img")].filter(at => {
    const box = at.getBoundingClientRect();
    return !(box.width > 50 && box.height > 50) || (at.tagName == "IMG" && !at.naturalWidth);
}).map(at => at.outerHTML.slice(0, 80))"""

UNTITLED = """() => [...document.querySelectorAll("svg")].filter(at =>
    at.getAttribute("role") != "img" || !at.querySelector("title") || !at.querySelector("desc")
).length + [...document.querySelectorAll("th:not([scope]), img:not([alt])")].length"""


def look(page, path):
    """What is wrong with the page that is open."""
    ids = page.evaluate("[...document.querySelectorAll('main > section')].map(at => at.id)")
    layers = path.parent.name not in ("none", "empty")
    maps = "photo" in path.parent.name
    expected = SECTIONS[:2] + OF_LAYERS * layers + SECTIONS[2:] + ["maps"] * maps
    if ids != expected:
        yield f"sections {ids}, expected {expected}"
    links = page.evaluate("[...document.querySelectorAll('nav a')].map(at => at.hash.slice(1))")
    if links != ids:
        yield f"links to {links}, expected {ids}"
    width, window = page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
    if width > window:
        yield f"the page is {width} wide, in a window of {window}"
    for name, problem in (
        ("headings that skip a level", page.evaluate(SKIPPED_HEADINGS)),
        ("pictures without a size", page.evaluate(EMPTY_PICTURES)),
        ("pictures or headings of tables that say nothing", page.evaluate(UNTITLED)),
        ("texts of low contrast", page.evaluate(LOW_CONTRAST, LEAST_CONTRAST)),
    ):
        if problem:
            yield f"{name}: {str(problem)[:200]}"
    if not page.title() or page.locator("h1").count() != 1:
        yield "no title, or not one heading of it"
    page.evaluate("document.querySelectorAll('details').forEach(at => at.open = true)")
    if page.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
        yield "the page is too wide where its details are open"


def check(browser, path):
    for width in WIDTHS:
        for scheme in SCHEMES:
            problems = []
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            page = context.new_page()
            page.on("console", lambda message: problems.append(f"console: {message.text}"))
            page.on("pageerror", lambda error: problems.append(f"error: {error}"))
            page.on("requestfailed", lambda failed: problems.append(f"not loaded: {failed.url}"))
            page.on(
                "request",
                lambda asked: asked.url.startswith(("file:", "data:"))
                or problems.append(f"loads {asked.url}"),
            )
            page.goto(path.as_uri())
            problems.extend(look(page, path))
            context.close()
            for problem in problems:
                yield f"{path.parent.name}, {width} wide, {scheme}: {problem}"


def main():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        paths = [pathlib.Path(name).resolve() for name in sys.argv[1:]]
        problems = [problem for path in paths for problem in check(browser, path)]
        browser.close()
    for problem in problems:
        print(problem)
    return len(problems) > 0


if __name__ == "__main__":
    sys.exit(main())
