# The tables of cli/rule_texts.h. Usage: awk -f cli/rule_texts.awk docs/semantics.md docs/rules.md docs/rules.csv

function quoted(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    return "\"" text "\""
}
function append(list, word) { return list == "" ? word : list " " word }

FNR == 1 { file++ }

# docs/semantics.md: "- MEM-1 text", which goes on in lines that begin with two spaces.
file == 1 && /^- [A-Z]+-[0-9]+ / {
    id = $2
    ids[++rules] = id
    text[id] = substr($0, length($2) + 4)
    next
}
file == 1 && /^  / && id != "" { sub(/^ +/, ""); text[id] = text[id] " " $0; next }
file == 1 && /^Symbols: / { symbols = $0; in_symbols = 1; next }
file == 1 && in_symbols && NF { symbols = symbols " " $0; next }
file == 1 { id = ""; in_symbols = 0 }

# docs/rules.md: "## MEM-1", "- Cases: a, b", and "| `mistake`: what it does | golden | first stage | 3, 2 |".
file == 2 && /^## / { id = $2 }
file == 2 && /^- Cases: / && !/^- Cases: none: / { sub(/^- Cases: /, ""); gsub(/,/, ""); goldens[id] = $0 }
file == 2 && /^\| `/ {
    count = split($0, cells, "|")
    golden = cells[count - 3]
    gsub(/ /, "", golden)
    split($0, ticks, "`")
    name = ticks[2]
    names[++mistakes] = name
    best[name] = golden == "none" ? "" : golden
}

# docs/rules.csv: rule,mistake,golden,first_stage,first_result
file == 3 && FNR > 1 {
    split($0, cells, ",")
    if (cells[2] == "") next
    by_stages[cells[2]] = append(by_stages[cells[2]], cells[3])
    if (cells[5] != "") by_results[cells[2]] = append(by_results[cells[2]], cells[3])
}

END {
    print "/* Made by cli/rule_texts.awk of docs/. */"
    print "#include \"cli/rule_texts.h\"\n\nconst cli_rule_text cli_rule_texts[] = {"
    for (i = 1; i <= rules; i++) print "    {" quoted(ids[i]) ", " quoted(text[ids[i]]) ", " quoted(goldens[ids[i]]) "},"
    print "};\nconst size_t cli_rule_text_count = " rules ";\n\nconst cli_mistake_text cli_mistake_texts[] = {"
    for (i = 1; i <= mistakes; i++) {
        name = names[i]
        print "    {" quoted(name) ", " quoted(best[name]) ", " quoted(by_stages[name]) ", " quoted(by_results[name]) "},"
    }
    print "};\nconst size_t cli_mistake_text_count = " mistakes ";\n\nconst char cli_rule_symbols[] = " quoted(symbols) ";"
}
