/* Policies with their waivers: compare/policy.h. What is accepted can be held against any stage. */
#include <math.h>

#include "compare/policy.h"
#include "fuzz/target.h"

static void match(const assay_policy *p, const assay_place *place) {
    assay_policy_requires(p, place);
    for (size_t i = 0; i < p->rule_count; i++) assay_policy_matches(p->rules[i].stage, place);
    for (size_t i = 0; i < p->waiver_count; i++)
        if (p->waivers[i].stage) assay_policy_matches(p->waivers[i].stage, place);
}

static void check(const assay_policy *p) {
    ASSAY_FUZZ_REQUIRE(p->factor >= 0 && isfinite(p->factor));
    for (size_t i = 0; i < p->rule_count; i++) {
        const assay_policy_rule *r = &p->rules[i];
        ASSAY_FUZZ_REQUIRE(assay_policy_can_match(r->stage));
        ASSAY_FUZZ_REQUIRE(!r->has_factor || (r->factor >= 0 && isfinite(r->factor)));
        ASSAY_FUZZ_REQUIRE(!r->has_atol || (r->atol >= 0 && isfinite(r->atol)));
        ASSAY_FUZZ_REQUIRE(!r->has_rtol || (r->rtol >= 0 && isfinite(r->rtol)));
    }
    for (size_t i = 0; i < p->waiver_count; i++) {
        const assay_waiver *w = &p->waivers[i];
        char text[ASSAY_DATE_TEXT];
        assay_date again;
        ASSAY_FUZZ_REQUIRE((w->stage || w->rule) && w->reason && *w->reason);
        ASSAY_FUZZ_REQUIRE(assay_date_parse(assay_date_text(w->expires, text), &again) && again == w->expires);
    }
    for (int stage = 0; stage < ASSAY_STAGE_COUNT; stage++)
        match(p, &(assay_place){.step = 1, .window = 2, .layer = 3, .stage = (assay_stage)stage});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_policy p;
    assay_error err = {0};
    assay_status st = assay_policy_parse(&p, (const char *)data, size, "policy.json", &err);
    if (!assay_fuzz_accepted(st, &err, "policy.json")) return 0;
    check(&p);
    assay_policy_free(&p);
    return 0;
}
