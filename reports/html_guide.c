#include "reports/html_guide.h"

#include "reports/html_page.h"

static const char *const terms[][2] = {
    {"Golden, candidate",
     "The golden holds what the original PyTorch model computed, stage by stage. The candidate is what is held against "
     "it."},
    {"Noise floor",
     "The largest distance of the original from runs of itself that differ in rounding alone: in float64, and with "
     "weights moved in their last place. Of a candidate in half precision it is that of its own arithmetic."},
    {"Tolerance", "8 noise floors, unless a policy says otherwise. Integers and masks have none: they must be equal."},
    {"Ratio",
     "The largest error of a stage over its tolerance. 1 and below passes; 1e+05 is a hundred thousand times too far. "
     "An infinite ratio is a NaN "
     "or an infinity against a number, or a value that must be equal and is not."},
    {"✓ pass, ✗ fail", "The stage lies within its tolerance, or not."},
    {"– missing, + extra",
     "Only one side has it. What is missing was not judged; it fails only where the policy requires it."},
    {"? not compared",
     "Both sides may have it and it could not be judged, as behind another schedule of windows. The reason is beside "
     "it."},
    {"~ waived", "It fails, and a waiver of the policy says until when it may."},
    {"First divergence",
     "The first stage that fails in the order of execution. What comes after it mostly inherits the error, so begin "
     "there."},
    {"Rules", "What the original does, one fact a rule; docs/semantics.md has them in full."},
};

void html_put_guide(FILE *out) {
    html_section_begin(out, "guide", "How to read this");
    fputs("<dl>\n", out);
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        fprintf(out, "<dt>%s</dt><dd>%s</dd>\n", terms[i][0], terms[i][1]);
    fputs(
        "</dl>\n<h3>What a green result means, and what it does not</h3>\n"
        "<p>It means that every stage that was compared is as near to the original as rounding explains, for the "
        "inputs of these cases. It does not "
        "speak of stages that are missing, of inputs that no case has, of sizes and weights that were not run, or of "
        "speed.</p>\n",
        out);
    html_section_end(out);
}
