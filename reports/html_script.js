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

    const ratioAtLeast = (least) => (row, table) => {
        const column = Array.from(table.tHead.rows[0].cells).findIndex((cell) => cell.textContent.trim() === "Ratio");
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
