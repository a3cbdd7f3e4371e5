#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/shell_quote.h"

static void expect_quoted(const char *word, const char *expected) {
    char *text = assay_shell_quote(word);
    cr_expect_str_eq(text, expected);
    free(text);
}

Test(shell_quote, only_what_needs_quotes_has_them) {
    expect_quoted("plain-word_1.h5", "plain-word_1.h5");
    expect_quoted("", "''");
    expect_quoted("two words", "'two words'");
    expect_quoted("it's", "'it'\\''s'");
    expect_quoted("*", "'*'");
    expect_quoted("~", "'~'");
}

Test(shell_quote, a_shell_reads_the_words_back) {
    char *words[] = {"printf", "%s|", "a b", "$HOME", "'", "back\\slash", "new\nline", ""};
    char *command = assay_shell_join(words, 8), got[128] = "";
    FILE *shell = popen(command, "r");
    cr_assert_not_null(shell);
    got[fread(got, 1, sizeof got - 1, shell)] = '\0';
    pclose(shell);
    cr_expect_str_eq(got, "a b|$HOME|'|back\\slash|new\nline||");
    free(command);
}
