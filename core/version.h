/* The program's version, as files and reports carry it. */
#ifndef ASSAY_CORE_VERSION_H
#define ASSAY_CORE_VERSION_H

#define ASSAY_VERSION "0.1.0"

#endif
