/* The README.md of an exported suite. */
#ifndef ASSAY_REPORTS_SUITE_README_H
#define ASSAY_REPORTS_SUITE_README_H

#ifdef __cplusplus
extern "C" {
#endif

/* Its text, a constant. */
const char *assay_suite_readme(void);

#ifdef __cplusplus
}
#endif

#endif
