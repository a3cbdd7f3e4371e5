#include "compare/name_meaning.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTRADICTION (-0.5)
#define NO_STAGE ASSAY_STAGE_COUNT

/* A phrase that ends a name, or (whole) is all of it but for words that say nothing. Several rows of one phrase are several stages
 * that it may mean. Of phrases that end a name the longest counts. */
static const struct phrase {
    const char *words;
    assay_stage stage;
    double weight;
    bool whole;
} vocabulary[] = {
    /* Hugging Face's modules, by their outputs */
    {"embed tokens", ASSAY_STAGE_EMBED_TOKENS, 1, false},
    {"input layernorm", ASSAY_STAGE_INPUT_LAYERNORM, 1, false},
    {"q proj", ASSAY_STAGE_Q_PROJ, 1, false},
    {"k proj", ASSAY_STAGE_K_PROJ, 1, false},
    {"v proj", ASSAY_STAGE_V_PROJ, 1, false},
    {"o proj", ASSAY_STAGE_O_PROJ, 1, false},
    {"self attn", ASSAY_STAGE_O_PROJ, 0.85, false},
    {"rotary emb", ASSAY_STAGE_COS, 0.85, false},
    {"rotary emb", ASSAY_STAGE_SIN, 0.85, false},
    {"rotary emb cos", ASSAY_STAGE_COS, 1, false},
    {"rotary emb sin", ASSAY_STAGE_SIN, 1, false},
    {"post attention layernorm", ASSAY_STAGE_POST_LAYERNORM, 1, false},
    {"gate proj", ASSAY_STAGE_GATE_PROJ, 1, false},
    {"act fn", ASSAY_STAGE_ACT_FN, 1, false},
    {"up proj", ASSAY_STAGE_UP_PROJ, 1, false},
    {"down proj", ASSAY_STAGE_DOWN_PROJ, 1, false},
    {"layers mlp", ASSAY_STAGE_DOWN_PROJ, 0.85, true},
    {"mlp", ASSAY_STAGE_DOWN_PROJ, 0.8, true},
    {"layers", ASSAY_STAGE_LAYER_OUTPUT, 0.95, true},
    {"norm", ASSAY_STAGE_NORM, 1, true},
    {"lm head", ASSAY_STAGE_LOGITS, 1, false},
    {"score", ASSAY_STAGE_LOGITS, 0.8, true},
    /* llama.cpp's nodes. Qcur and Kcur are the projections, and again what the rotation makes of them. */
    {"inp embd", ASSAY_STAGE_EMBED_TOKENS, 1, false},
    {"inp tokens", ASSAY_STAGE_INPUT_IDS, 1, false},
    {"inp pos", ASSAY_STAGE_POSITION_IDS, 1, false},
    {"attn norm", ASSAY_STAGE_INPUT_LAYERNORM, 1, false},
    {"qcur", ASSAY_STAGE_Q_PROJ, 0.95, false},
    {"qcur", ASSAY_STAGE_ROTATE_QUERY, 0.9, false},
    {"kcur", ASSAY_STAGE_K_PROJ, 0.95, false},
    {"kcur", ASSAY_STAGE_ROTATE_KEY, 0.9, false},
    {"vcur", ASSAY_STAGE_V_PROJ, 1, false},
    {"kq", ASSAY_STAGE_ATTN_SCORES, 0.9, false},
    {"kq scaled", ASSAY_STAGE_ATTN_SCORES, 0.9, false},
    {"kq soft max", ASSAY_STAGE_ATTN_PROBS, 1, false},
    {"kq soft max ext", ASSAY_STAGE_ATTN_PROBS, 1, false},
    {"kqv", ASSAY_STAGE_ATTN_OUTPUT, 0.8, false},
    {"kqv merged", ASSAY_STAGE_ATTN_OUTPUT, 0.9, false},
    {"kqv merged cont", ASSAY_STAGE_ATTN_OUTPUT, 0.9, false},
    {"kqv out", ASSAY_STAGE_ATTN_OUTPUT, 0.95, false},
    {"kqv out", ASSAY_STAGE_O_PROJ, 0.9, false},
    {"attn out", ASSAY_STAGE_O_PROJ, 0.95, false},
    {"attn out", ASSAY_STAGE_ATTN_OUTPUT, 0.85, false},
    {"ffn inp", ASSAY_STAGE_ATTN_RESIDUAL, 1, false},
    {"ffn norm", ASSAY_STAGE_POST_LAYERNORM, 1, false},
    {"ffn gate", ASSAY_STAGE_GATE_PROJ, 1, false},
    {"ffn silu", ASSAY_STAGE_ACT_FN, 1, false},
    {"ffn swiglu", NO_STAGE, 0, false},
    {"ffn gate par", NO_STAGE, 0, false},
    {"ffn up", ASSAY_STAGE_UP_PROJ, 1, false},
    {"ffn out", ASSAY_STAGE_DOWN_PROJ, 1, false},
    {"ffn down", ASSAY_STAGE_DOWN_PROJ, 1, false},
    {"l out", ASSAY_STAGE_LAYER_OUTPUT, 1, false},
    {"result norm", ASSAY_STAGE_NORM, 1, false},
    {"result output", ASSAY_STAGE_LOGITS, 1, false},
    /* this project's stages, where they are not above */
    {"input ids", ASSAY_STAGE_INPUT_IDS, 1, false},
    {"attention mask", ASSAY_STAGE_ATTENTION_MASK, 1, false},
    {"position ids", ASSAY_STAGE_POSITION_IDS, 1, false},
    {"mem write key", ASSAY_STAGE_MEM_WRITE_KEY, 1, false},
    {"mem write value", ASSAY_STAGE_MEM_WRITE_VALUE, 1, false},
    {"mem write mask", ASSAY_STAGE_MEM_WRITE_MASK, 1, false},
    {"rel pos ids", ASSAY_STAGE_REL_POS_IDS, 1, false},
    {"rotate one query", ASSAY_STAGE_ROTATE_QUERY, 1, false},
    {"rotate one key", ASSAY_STAGE_ROTATE_KEY, 1, false},
    {"mem read key", ASSAY_STAGE_MEM_READ_KEY, 1, false},
    {"mem read value", ASSAY_STAGE_MEM_READ_VALUE, 1, false},
    {"mem read mask", ASSAY_STAGE_MEM_READ_MASK, 1, false},
    {"attn scores", ASSAY_STAGE_ATTN_SCORES, 1, false},
    {"attn probs", ASSAY_STAGE_ATTN_PROBS, 1, false},
    {"attn output", ASSAY_STAGE_ATTN_OUTPUT, 1, false},
    {"attn residual", ASSAY_STAGE_ATTN_RESIDUAL, 1, false},
    {"layers output", ASSAY_STAGE_LAYER_OUTPUT, 1, true},
    {"schedule", ASSAY_STAGE_SCHEDULE, 1, false},
    {"logits", ASSAY_STAGE_LOGITS, 1, false},
    {"loss", ASSAY_STAGE_LOSS, 1, false},
    {"tokens", ASSAY_STAGE_TOKENS, 0.9, true},
    {"past key", ASSAY_STAGE_PAST_KEY, 1, false},
    {"past value", ASSAY_STAGE_PAST_VALUE, 1, false},
    {"past position", ASSAY_STAGE_PAST_POSITION, 1, false},
    {"past mem key", ASSAY_STAGE_PAST_MEM_KEY, 1, false},
    {"past mem value", ASSAY_STAGE_PAST_MEM_VALUE, 1, false},
    {"past mem mask", ASSAY_STAGE_PAST_MEM_MASK, 1, false},
    /* words that others use */
    {"tok embeddings", ASSAY_STAGE_EMBED_TOKENS, 0.9, false},
    {"wte", ASSAY_STAGE_EMBED_TOKENS, 0.9, false},
    {"embeddings", ASSAY_STAGE_EMBED_TOKENS, 0.8, true},
    {"attention norm", ASSAY_STAGE_INPUT_LAYERNORM, 0.95, false},
    {"wq", ASSAY_STAGE_Q_PROJ, 0.9, false},
    {"wk", ASSAY_STAGE_K_PROJ, 0.9, false},
    {"wv", ASSAY_STAGE_V_PROJ, 0.9, false},
    {"wo", ASSAY_STAGE_O_PROJ, 0.9, false},
    {"w", NO_STAGE, 0, true},
    {"q rope", ASSAY_STAGE_ROTATE_QUERY, 0.9, false},
    {"k rope", ASSAY_STAGE_ROTATE_KEY, 0.9, false},
    {"q rot", ASSAY_STAGE_ROTATE_QUERY, 0.9, false},
    {"k rot", ASSAY_STAGE_ROTATE_KEY, 0.9, false},
    {"attention scores", ASSAY_STAGE_ATTN_SCORES, 0.9, false},
    {"attention probs", ASSAY_STAGE_ATTN_PROBS, 0.9, false},
    {"attn weights", ASSAY_STAGE_ATTN_PROBS, 0.8, false},
    {"softmax", ASSAY_STAGE_ATTN_PROBS, 0.8, false},
    {"cos", ASSAY_STAGE_COS, 0.9, false},
    {"sin", ASSAY_STAGE_SIN, 0.9, false},
    {"ln f", ASSAY_STAGE_NORM, 0.95, false},
    {"final norm", ASSAY_STAGE_NORM, 0.95, false},
    {"final layernorm", ASSAY_STAGE_NORM, 0.95, false},
};
enum { phrase_count = sizeof vocabulary / sizeof *vocabulary };

/* ---- words ---- */

static bool is_one_of(const char *word, const char *const *list) {
    for (; *list; list++)
        if (strcmp(word, *list) == 0) return true;
    return false;
}

/* The name while it is taken apart. */
typedef struct {
    assay_name_meaning *out;
    size_t at;     /* end of out->words */
    char word[32]; /* the last one */
    int64_t loose; /* the last number that no word claims; -1: none */
} reading;

static void add_word(reading *r, const char *begin, size_t length) {
    if (length >= sizeof r->word || r->at + length + 2 > sizeof r->out->words) return;
    for (size_t i = 0; i < length; i++) r->word[i] = (char)tolower((unsigned char)begin[i]);
    r->word[length] = '\0';
    r->at += (size_t)snprintf(r->out->words + r->at, sizeof r->out->words - r->at, "%s%s", r->at ? " " : "", r->word);
}

/* A number belongs to the word before it. */
static void add_number(reading *r, int64_t value) {
    static const char *const layers[] = {"layers", "layer", "blk", "block", "blocks", "h", "past", "l", NULL};
    static const char *const windows[] = {"windows", "window", "win", "chunk", "chunks", "call", NULL};
    static const char *const steps[] = {"steps", "step", NULL};
    if (is_one_of(r->word, layers)) r->out->layer = value;
    else if (is_one_of(r->word, windows)) r->out->window = value;
    else if (is_one_of(r->word, steps)) r->out->step = value;
    else r->loose = value;
    r->word[0] = '\0';
}

/* Length of the word at `text`: letters, up to where a capital follows a small one. */
static size_t word_length(const char *text) {
    size_t n = 0;
    while (isalpha((unsigned char)text[n]) &&
           !(n > 0 && isupper((unsigned char)text[n]) && islower((unsigned char)text[n - 1])))
        n++;
    return n;
}

static void read_words(assay_name_meaning *out, const char *name) {
    reading r = {.out = out, .loose = -1};
    while (*name) {
        size_t letters = word_length(name), digits = strspn(name, "0123456789");
        if (letters) add_word(&r, name, letters);
        if (digits && digits <= 9) add_number(&r, strtoll(name, NULL, 10));
        name += letters ? letters : digits ? digits : 1;
    }
    out->loose = r.loose;
}

/* ---- phrases ---- */

/* Words at the beginning that say nothing of the stage; those that owned a number are among them. */
static const char *skip_empty_words(const char *words) {
    static const char *const empty[] = {"model", "module", "transformer", "decoder", "base",
                                        "steps", "step",   "windows",     "window",  "win",
                                        "chunk", "chunks", "call",        "dump",    NULL};
    for (;;) {
        char word[32];
        size_t length = strcspn(words, " ");
        if (length == 0 || length >= sizeof word) return words;
        memcpy(word, words, length);
        word[length] = '\0';
        if (!is_one_of(word, empty)) return words;
        words += length + (words[length] == ' ');
    }
}

static bool ends_in(const char *words, const char *phrase) {
    size_t n = strlen(words), m = strlen(phrase);
    return n >= m && strcmp(words + n - m, phrase) == 0 && (n == m || words[n - m - 1] == ' ');
}

static bool fits(const struct phrase *p, const char *words) {
    return p->whole ? strcmp(skip_empty_words(words), p->words) == 0 : ends_in(words, p->words);
}

/* The longest phrase that fits, or NULL. */
static const char *longest_phrase(const char *words) {
    const char *best = NULL;
    for (int i = 0; i < phrase_count; i++)
        if (fits(&vocabulary[i], words) && (!best || strlen(vocabulary[i].words) > strlen(best)))
            best = vocabulary[i].words;
    return best;
}

/* Takes a last word off that says only that it is an output: "q_proj.output". */
static bool drop_last_word(char *words) {
    static const char *const said[] = {"output", "out", "result", "activation", "tensor", "forward", "hook", NULL};
    char *space = strrchr(words, ' ');
    if (!space || !is_one_of(space + 1, said)) return false;
    *space = '\0';
    return true;
}

/* The share of the stage's words that the name has. */
static double shared_words(const char *words, assay_stage stage) {
    assay_name_meaning own;
    int count = 0, shared = 0;
    own = (assay_name_meaning){.step = -1};
    read_words(&own, assay_stage_get(stage)->name);
    char *rest = NULL;
    for (char *word = strtok_r(own.words, " ", &rest); word; word = strtok_r(NULL, " ", &rest), count++) {
        const char *at = strstr(words, word);
        size_t length = strlen(word);
        shared += at && (at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]);
    }
    return count ? (double)shared / count : 0;
}

void assay_name_read(assay_name_meaning *out, const char *name) {
    *out = (assay_name_meaning){.step = -1, .window = -1, .layer = -1};
    read_words(out, name);
    char words[ASSAY_MEANING_NBYTES];
    memcpy(words, out->words, sizeof words);
    const char *phrase = longest_phrase(words);
    while (!phrase && drop_last_word(words)) phrase = longest_phrase(words);
    for (int i = 0; i < ASSAY_STAGE_COUNT && !phrase; i++)
        out->shared[i] = (float)shared_words(out->words, (assay_stage)i);
    if (!phrase) return;
    out->is_known = true;
    for (int i = 0; i < phrase_count; i++) {
        const struct phrase *p = &vocabulary[i];
        if (strcmp(p->words, phrase) != 0 || p->stage == NO_STAGE || !fits(p, words)) continue;
        if (out->stage_count == ASSAY_MEANING_MAX_STAGES) break;
        out->stages[out->stage_count].stage = p->stage;
        out->stages[out->stage_count++].weight = p->weight;
    }
    if (out->layer < 0) out->layer = out->loose; /* attn_norm-3 */
}

void assay_name_learn(assay_name_meaning *m, assay_stage stage) {
    m->is_known = true;
    m->stage_count = 1;
    m->stages[0].stage = stage;
    m->stages[0].weight = 0.95;
    if (m->layer < 0) m->layer = m->loose;
}

/* ---- agreement ---- */

/* 1 when a number is the place's; less when the name does not say; 0 when it says another. */
static double number_agreement(int64_t said, int64_t of_place, int64_t count) {
    if (of_place < 0) return 1; /* nothing to say */
    if (said < 0) return count > 1 ? 0.7 : 1;
    return said == of_place ? 1 : 0;
}

static double stage_agreement(const assay_name_meaning *m, assay_stage stage) {
    for (size_t i = 0; i < m->stage_count; i++)
        if (m->stages[i].stage == stage) return m->stages[i].weight;
    return m->is_known ? CONTRADICTION : 0.5 * (double)m->shared[stage];
}

double assay_name_agreement(const assay_name_meaning *m, const assay_place *place, int64_t layers, int64_t windows,
                            int64_t steps) {
    double numbers = number_agreement(m->layer, place->layer, layers) *
                     number_agreement(m->window, place->window, windows) *
                     number_agreement(m->step, place->step, steps);
    double stage = stage_agreement(m, place->stage);
    if (stage <= 0) return stage;
    return numbers > 0 ? stage * numbers : CONTRADICTION;
}
