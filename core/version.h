/* The program's version, as files and reports carry it, and that of the shipped goldens. */
#ifndef ASSAY_CORE_VERSION_H
#define ASSAY_CORE_VERSION_H

#define ASSAY_VERSION "0.1.0"

/* Of the shipped goldens as a conformance suite (docs/conformance.md): the first number counts changes that can turn the verdict of
 * a port, the second added cases, the third all else. A test holds it against the cases that are there. */
#define ASSAY_SUITE_VERSION "1.1.0"

#endif
