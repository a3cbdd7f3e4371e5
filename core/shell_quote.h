/* Words as a shell reads them. */
#ifndef ASSAY_CORE_SHELL_QUOTE_H
#define ASSAY_CORE_SHELL_QUOTE_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `word` in single quotes, or as it is where it needs none. The caller frees it; NULL when out of memory. */
char *assay_shell_quote(const char *word);

/* `count` words, quoted where they need it, with a space between them. As above. */
char *assay_shell_join(char *const *words, int count);

#ifdef __cplusplus
}
#endif

#endif
