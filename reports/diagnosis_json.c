#include "reports/diagnosis_json.h"

#include "reports/json_builder.h"

enum { ranking_limit = 20 };

static void add_distance(json_builder *b, cJSON *parent, const char *key, const assay_distance *d) {
    cJSON *object = json_add_object(b, parent, key);
    json_add_integer(b, object, "judged", (int64_t)d->judged);
    json_add_integer(b, object, "differing", (int64_t)d->differing);
    json_add_real(b, object, "worst", d->worst);
    json_add_text(b, object, "worst_path", d->worst_path);
    json_add_text(b, object, "first_path", d->first_path);
    json_add_real(b, object, "badness", d->badness);
    json_add_real(b, object, "closeness", d->closeness);
}

static void add_hypothesis(json_builder *b, cJSON *ranking, const assay_hypothesis *h) {
    cJSON *object = json_add_object(b, ranking, NULL);
    cJSON *mistakes = object ? json_add_array(b, object, "mistakes") : NULL;
    for (size_t i = 0; mistakes && i < h->mistake_count; i++) {
        cJSON *mistake = json_add_object(b, mistakes, NULL);
        json_add_text(b, mistake, "name", h->mistakes[i]->name);
        json_add_text(b, mistake, "rule", h->mistakes[i]->rule);
        json_add_text(b, mistake, "original", h->mistakes[i]->original);
        json_add_text(b, mistake, "candidate", h->mistakes[i]->mistake);
        json_add_text(b, mistake, "place", h->mistakes[i]->place);
    }
    json_add_bool(b, object, "explains", h->explains);
    json_add_bool(b, object, "same_as_best", h->same_as_best);
    if (!object) return;
    add_distance(b, object, "distance", &h->distance);
    add_distance(b, object, "original", &h->original);
}

static cJSON *build(const assay_diagnosis *d, const assay_diagnosis_names *names) {
    static const char *const evidence[] = {"stages", "results", "logits", "tokens"};
    json_builder b = {false};
    cJSON *root = cJSON_CreateObject();
    if (!root) return NULL;
    json_add_text(&b, root, "format", "assay-diagnosis/1");
    json_add_text(&b, root, "golden", names->golden);
    json_add_text(&b, root, "candidate", names->candidate);
    json_add_text(&b, root, "verdict", assay_diagnosis_verdict_name(d->verdict));
    if (d->verdict == ASSAY_DIAGNOSIS_MATCH) return json_finish(&b, root);
    json_add_text(&b, root, "evidence", evidence[d->evidence]);
    json_add_integer(&b, root, "numbers", d->numbers);
    json_add_integer(&b, root, "mistakes_tried", (int64_t)d->singles);
    json_add_integer(&b, root, "pairs_tried", (int64_t)d->pairs);
    json_add_bool(&b, root, "out_of_time", d->out_of_time);
    add_distance(&b, root, "original", &d->original);
    cJSON *ranking = json_add_array(&b, root, "ranking");
    for (size_t i = 0; ranking && i < d->ranking_count && i < ranking_limit; i++)
        add_hypothesis(&b, ranking, &d->ranking[i]);
    return json_finish(&b, root);
}

assay_status assay_report_diagnosis_json(const char *path, const assay_diagnosis *diagnosis,
                                         const assay_diagnosis_names *names, assay_error *err) {
    return json_write(path, build(diagnosis, names), err);
}
