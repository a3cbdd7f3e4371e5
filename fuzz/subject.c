#include "fuzz/subject.h"

void assay_fuzz_answer_release(const assay_fuzz_subject *subject, assay_fuzz_answer *answer) {
    if (answer->held) subject->release(subject->self, answer);
    *answer = (assay_fuzz_answer){0};
}

void assay_fuzz_subject_end(assay_fuzz_subject *subject) {
    if (subject->end) subject->end(subject->self);
    *subject = (assay_fuzz_subject){0};
}
