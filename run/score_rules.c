/* From the outcomes of cases to the verdicts on rules (run/scorecard.h). */
#include <stdio.h>
#include <string.h>

#include "run/rule_matrix.h"
#include "run/scorecard.h"

/* ---- lists of rule ids ---- */

/* Adds an id to a list, once; one that does not fit is left out. */
static void add_id(char *list, size_t list_nbytes, const char *id) {
    size_t at = strlen(list);
    if (assay_rules_have(list, id) || at + strlen(id) + 2 > list_nbytes) return;
    snprintf(list + at, list_nbytes - at, "%s%s", at ? " " : "", id);
}

/* Adds those ids of `from` that `kept` has, all when it is NULL. */
static void add_ids(char *list, size_t list_nbytes, const char *from, const char *kept) {
    while (*from) {
        char id[24];
        size_t length = strcspn(from, " ");
        snprintf(id, sizeof id, "%.*s", (int)length, from);
        if (length && (!kept || assay_rules_have(kept, id))) add_id(list, list_nbytes, id);
        from += length + strspn(from + length, " ");
    }
}

/* ---- what a failing case is put down to ---- */

const char *assay_score_mistakes(const assay_score_case *c, char *text, size_t text_nbytes) {
    size_t at = 0;
    *text = '\0';
    for (size_t i = 0; i < c->likely_count && at < text_nbytes; i++)
        at += (size_t)snprintf(text + at, text_nbytes - at, "%s%s", i ? " or " : "", c->mistakes[i]->name);
    return text;
}

static bool lists(const assay_score_case *c, const assay_variant *mistake) {
    for (size_t i = 0; i < c->mistake_count; i++)
        if (c->mistakes[i] == mistake) return true;
    return false;
}

/* Cases that the mistake explains. */
static size_t votes_for(const assay_scorecard *card, const assay_variant *mistake) {
    size_t votes = 0;
    for (size_t i = 0; i < card->case_count; i++) votes += lists(&card->cases[i], mistake);
    return votes;
}

/* Of mistakes that explain one case equally well, those that explain the most cases are meant: a port with one mistake is likelier
 * than one with several. They come first, otherwise in the order that they have. */
static void blame_mistakes(const assay_scorecard *card, assay_score_case *c) {
    size_t most = 0;
    for (size_t i = 0; i < c->mistake_count; i++) {
        size_t votes = votes_for(card, c->mistakes[i]);
        if (votes > most) most = votes;
    }
    for (size_t i = 0; i < c->mistake_count; i++) {
        const assay_variant *mistake = c->mistakes[i];
        if (votes_for(card, mistake) < most) continue;
        for (size_t k = i; k > c->likely_count; k--) c->mistakes[k] = c->mistakes[k - 1];
        c->mistakes[c->likely_count++] = mistake;
        add_id(c->blamed, sizeof c->blamed, mistake->rule);
    }
}

/* Without a mistake that explains it: the rules that show where it differs first and that the case is about; else all of those
 * that show there. Where logits, a loss or tokens differ first, and where no rule is named (a refusal), all that the case is about. */
static void blame_stage(assay_score_case *c) {
    add_ids(c->blamed, sizeof c->blamed, c->first_rules, c->rules);
    if (!*c->blamed && !c->first_is_result) add_ids(c->blamed, sizeof c->blamed, c->first_rules, NULL);
    if (!*c->blamed) add_ids(c->blamed, sizeof c->blamed, c->rules, NULL);
}

static void blame(const assay_scorecard *card, assay_score_case *c) {
    c->likely_count = 0;
    c->blamed[0] = '\0';
    if (c->outcome != ASSAY_SCORED_FAIL || c->failed == 0) return; /* what is only missing is no rule's fault */
    if (c->mistake_count) blame_mistakes(card, c);
    else blame_stage(c);
}

/* What the case says that at least one of is broken: the rules of the likely mistakes, or all that show where it differs first. */
static const char *suspects(const assay_score_case *c) {
    return c->likely_count || !*c->first_rules || c->first_is_result ? c->blamed : c->first_rules;
}

static bool is_certain(const assay_score_case *c) {
    return *c->blamed && (c->likely_count || !c->first_is_result) && !strchr(suspects(c), ' ');
}

/* ---- one rule ---- */

static void count(assay_rule_score *r, const assay_scorecard *card) {
    r->suspected = true;
    for (size_t i = 0; i < card->case_count; i++) {
        const assay_score_case *c = &card->cases[i];
        bool named = assay_rules_have(c->rules, r->rule->id), blamed = assay_rules_have(c->blamed, r->rule->id);
        r->cases += named;
        r->passed += named && c->outcome == ASSAY_SCORED_PASS && !c->waived;
        r->waived += named && c->outcome == ASSAY_SCORED_PASS && c->waived;
        r->unsupported += named && c->outcome == ASSAY_SCORED_UNSUPPORTED;
        r->failed += named && c->outcome == ASSAY_SCORED_FAIL;
        r->blaming += blamed;
        if (blamed && is_certain(c)) r->suspected = false;
    }
    r->suspected = r->suspected && r->blaming;
    r->verdict = r->blaming ? ASSAY_RULE_FAIL : r->passed ? ASSAY_RULE_PASS : ASSAY_RULE_NOT_EXERCISED;
}

/* The case to show for a rule that fails: one that is certain and about the rule, as far as there is one. */
static const assay_score_case *example(const assay_rule_score *r, const assay_scorecard *card) {
    const assay_score_case *other = NULL;
    for (size_t i = 0; i < card->case_count; i++) {
        const assay_score_case *c = &card->cases[i];
        if (!assay_rules_have(c->blamed, r->rule->id) || is_certain(c) == r->suspected) continue;
        if (assay_rules_have(c->rules, r->rule->id)) return c;
        if (!other) other = c;
    }
    return other;
}

static void note_failing(assay_rule_score *r, const assay_scorecard *card) {
    const assay_score_case *c = example(r, card);
    char names[120], more[64] = "", others[160] = "";
    size_t rest = r->blaming - 1;
    if (r->suspected) snprintf(others, sizeof others, "; suspected, it may be any of %.120s", suspects(c));
    if (rest) snprintf(more, sizeof more, "; %zu more case%s this rule", rest, rest == 1 ? " points to" : "s point to");
    if (c->likely_count)
        snprintf(r->note, sizeof r->note, "%s explains %.60s%s%s", assay_score_mistakes(c, names, sizeof names),
                 c->name, others, more);
    else snprintf(r->note, sizeof r->note, "%.60s differs at %.100s%s%s", c->name, c->first_path, others, more);
}

/* The rules that its failing cases are put down to. */
static void list_culprits(const assay_rule_score *r, const assay_scorecard *card, char *list, size_t list_nbytes) {
    list[0] = '\0';
    for (size_t i = 0; i < card->case_count; i++)
        if (assay_rules_have(card->cases[i].rules, r->rule->id) && card->cases[i].outcome == ASSAY_SCORED_FAIL)
            add_ids(list, list_nbytes, card->cases[i].blamed, NULL);
}

static bool any_is(const assay_rule_score *r, const assay_scorecard *card, assay_scored outcome) {
    for (size_t i = 0; i < card->case_count; i++)
        if (card->cases[i].outcome == outcome && assay_rules_have(card->cases[i].rules, r->rule->id)) return true;
    return false;
}

static const char *why_not_run(const assay_rule_score *r, const assay_scorecard *card) {
    if (r->waived) return "its cases pass with waived failures alone";
    if (r->unsupported && r->unsupported == r->cases) return "unsupported by the port";
    if (any_is(r, card, ASSAY_SCORED_INCOMPLETE)) return "the dumps of its cases are incomplete";
    if (any_is(r, card, ASSAY_SCORED_UNREADABLE)) return "the dumps of its cases cannot be read";
    if (r->unsupported) return "no dump of its cases; some are unsupported by the port";
    if (r->cases) return "no dump of its cases";
    const char *exempt = assay_rule_exempt(r->rule->id);
    return exempt ? exempt : "no case of the suite names it";
}

static void note(assay_rule_score *r, const assay_scorecard *card) {
    char culprits[200];
    list_culprits(r, card, culprits, sizeof culprits);
    const char *by = *culprits ? " by " : "";
    if (r->verdict == ASSAY_RULE_FAIL) note_failing(r, card);
    else if (r->verdict == ASSAY_RULE_PASS && r->failed)
        snprintf(r->note, sizeof r->note, "%zu of its %zu cases fail%s%s", r->failed, r->cases, by, culprits);
    else if (r->failed) snprintf(r->note, sizeof r->note, "its cases fail%s%s", by, culprits);
    else if (r->verdict == ASSAY_RULE_NOT_EXERCISED) snprintf(r->note, sizeof r->note, "%s", why_not_run(r, card));
}

void assay_scorecard_judge(assay_scorecard *card) {
    for (size_t i = 0; i < card->case_count; i++) blame(card, &card->cases[i]);
    card->rule_count = assay_rule_count();
    for (size_t i = 0; i < card->rule_count; i++) {
        assay_rule_score *r = &card->rules[i];
        *r = (assay_rule_score){.rule = assay_rule_at(i)};
        count(r, card);
        note(r, card);
    }
}
