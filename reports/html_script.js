"use strict";
// Sorting, searching and copying. The page says the same without it.
(() => {
    const make = (tag, properties, ...children) => {
        const element = Object.assign(document.createElement(tag), properties);
        element.append(...children);
        return element;
    };

    // A cell as something to sort by: numbers, the words that reports use for what is none, and text.
    const words = { NaN: Infinity, "+inf": Infinity, "-inf": -Infinity };
    const valueOf = (row, column) => {
        const text = row.cells[column] ? row.cells[column].textContent.trim() : "";
        if (text in words) return words[text];
        return text === "" ? -Infinity : Number.isNaN(Number(text)) ? text : Number(text);
    };
    const compare = (a, b) => {
        if (typeof a === typeof b) return typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a === b ? 0 : a > b ? 1 : -1;
        return typeof a === "string" ? 1 : -1;
    };

    const sortBy = (table, header, column) => {
        const descending = header.getAttribute("aria-sort") !== "descending" && (header.classList.contains("n") || header.hasAttribute("aria-sort"));
        for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
        header.setAttribute("aria-sort", descending ? "descending" : "ascending");
        const body = table.tBodies[0];
        const rows = Array.from(body.rows, (row, index) => ({ row, index, value: valueOf(row, column) }));
        rows.sort((a, b) => (descending ? -1 : 1) * compare(a.value, b.value) || a.index - b.index);
        body.append(...rows.map((item) => item.row));
    };

    const makeSortable = (table) => {
        Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
            const button = make("button", { type: "button" }, ...header.childNodes);
            button.addEventListener("click", () => sortBy(table, header, column));
            header.append(button);
        });
    };

    // Shows the rows of tables that have all words of the search and pass a test, and says how many there are.
    const makeTools = (tables, before, name, example, choices) => {
        const search = make("input", { type: "search", placeholder: `such as ${example}` });
        const select = make("select", {}, ...choices.map((choice) => make("option", { textContent: choice.text })));
        const output = make("output", {});
        const apply = () => {
            const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
            const test = choices[select.selectedIndex].test;
            let shown = 0;
            let all = 0;
            for (const table of tables) {
                for (const row of table.tBodies[0].rows) {
                    const text = row.textContent.toLowerCase();
                    row.hidden = !(wanted.every((word) => text.includes(word)) && test(row, table));
                    shown += row.hidden ? 0 : 1;
                    all += 1;
                }
                const group = table.closest("details.group");
                if (group && wanted.length) group.open = true;
            }
            output.textContent = `${shown} of ${all} rows`;
        };
        search.addEventListener("input", apply);
        select.addEventListener("change", apply);
        const tools = make("div", { className: "tools" }, make("label", {}, `Search ${name}`, search), make("label", {}, "Show", select), output);
        tools.setAttribute("role", "search");
        tools.setAttribute("aria-label", name);
        before.before(tools);
        apply();
    };

    // The text of a row in the column of that name, with the name before it; nothing where there is none.
    const columnOf = (table, name) => Array.from(table.tHead.rows[0].cells).findIndex((cell) => cell.textContent.trim() === name);
    const numberIn = (row, name) => {
        const column = columnOf(row.closest("table"), name);
        const text = column === -1 ? "" : row.cells[column].textContent.trim();
        return text ? `, ${name.toLowerCase()} ${text}` : "";
    };

    // The title of the group that a row is in, without what it says beside; in a mixed group, what is missing has a verdict of its own.
    const verdictOf = (row) => {
        const column = columnOf(row.closest("table"), "Verdict");
        const own = column === -1 ? "" : row.cells[column].textContent.trim();
        const group = row.closest("details.group").querySelector("summary").firstChild.textContent;
        return own.includes("missing") ? own : group.split(",")[0].trim().toLowerCase();
    };

    // Which stage a point of a chart is: its path, as the tables name it.
    const wordsOf = (text) => text.trim().split(/\s+/);
    const pathFinder = (svg) => {
        const [head, step, pad, pitch] = wordsOf(svg.dataset.grid).map(Number);
        const columns = wordsOf(svg.dataset.columns).map((text) => text.split(":"));
        const layers = wordsOf(svg.dataset.layers);
        const names = {};
        for (const kind of ["window", "layer", "step", "past"]) names[kind] = wordsOf(svg.dataset[kind]);
        return (x, y) => {
            const column = columns.find((c) => x >= Number(c[0]) && Number(c[0]) + Number(c[1]) > x);
            const row = Math.floor((y - head) / step);
            if (!column || 0 > row || row > layers.length) return "";
            const [, , ofStep, ofWindow] = column;
            const end = ofWindow === "-";
            const kind = row > 0 ? (end ? "past" : "layer") : end ? "step" : "window";
            const name = names[kind][Math.floor((x - Number(column[0]) - pad) / pitch)];
            if (!name) return "";
            const layer = row > 0 ? `${end ? "past" : "layers"}/${layers[row - 1]}/` : "";
            return `steps/${ofStep}/${end ? "" : `windows/${ofWindow}/`}${layer}${name}`;
        };
    };

    // Says below a chart what the pointer is on; a click searches the tables for it.
    const makeTip = (svg) => {
        const section = svg.closest("details.case");
        const find = pathFinder(svg);
        const hint = "Point at a mark to see which stage it is; a click finds it in the tables.";
        const tip = make("p", { className: "tip", textContent: hint });
        const rows = new Map();
        const at = (event) => {
            const box = svg.getBoundingClientRect();
            return find(event.clientX - box.left, event.clientY - box.top);
        };
        const say = (event) => {
            const path = at(event);
            if (rows.size === 0) for (const cell of section.querySelectorAll("table.entries tbody th")) rows.set(cell.textContent, cell.parentElement);
            const row = rows.get(path);
            tip.textContent = row ? `${path}: ${verdictOf(row)}${numberIn(row, "Ratio")}` : path || hint;
        };
        svg.addEventListener("pointermove", say);
        svg.addEventListener("pointerleave", () => { tip.textContent = hint; });
        svg.addEventListener("click", (event) => {
            const search = section.querySelector("input[type=search]");
            const path = at(event);
            if (!path || !search) return;
            search.value = path;
            search.dispatchEvent(new Event("input"));
            search.scrollIntoView({ block: "center" });
        });
        svg.closest(".scroll").after(tip);
    };

    const ratioAtLeast = (least) => (row, table) => {
        const column = columnOf(table, "Ratio");
        const value = column === -1 ? -Infinity : valueOf(row, column);
        return typeof value === "number" && value >= least;
    };
    const ofStages = [
        { text: "all stages", test: () => true },
        { text: "ratio of 0.5 and more", test: ratioAtLeast(0.5) },
        { text: "ratio of 1 and more", test: ratioAtLeast(1) },
        { text: "ratio of 1000 and more", test: ratioAtLeast(1000) },
    ];
    const verdictIs = (word) => (row) => row.cells[1].textContent.includes(word);
    const ofCases = ["fail", "error", "unsupported", "pass"].map((word) => ({ text: word, test: verdictIs(word) }));

    const openTarget = () => {
        const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
        for (let at = target; at; at = at.parentElement) if (at instanceof HTMLDetailsElement) at.open = true;
        if (target) target.scrollIntoView();
    };

    const start = () => {
        for (const table of document.querySelectorAll("table.entries, table.cases, table.folded, table.drifts")) makeSortable(table);
        const cases = document.querySelectorAll("table.cases");
        if (cases.length) makeTools(Array.from(cases), cases[0].parentElement, "cases", "decode", [{ text: "all cases", test: () => true }, ...ofCases]);
        for (const section of document.querySelectorAll("details.case")) {
            const tables = Array.from(section.querySelectorAll("table.entries"));
            if (tables.length) makeTools(tables, section.querySelector("details.group"), "stages", "layers/1 mlp", ofStages);
        }
        for (const svg of document.querySelectorAll("svg.chart[data-grid]")) makeTip(svg);
        const command = document.getElementById("command");
        if (command) {
            const button = make("button", { type: "button", className: "copy", textContent: "Copy the command" });
            button.addEventListener("click", () => {
                getSelection().selectAllChildren(command);
                document.execCommand("copy");
                button.textContent = "Copied";
            });
            command.after(button);
        }
        addEventListener("hashchange", openTarget);
        openTarget();
    };
    document.addEventListener("DOMContentLoaded", start);
})();
