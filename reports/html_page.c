#include "reports/html_page.h"

#include <openssl/evp.h>

#include "core/version.h"
#include "reports/html_assets.h"
#include "reports/html_text.h"

/* Style and script are text to HTML and markup to XML: with these around them they are text to both. */
#define TEXT_BEGIN "/*<![CDATA[*/\n"
#define TEXT_END "/*]]>*/"

typedef struct {
    const unsigned char *bytes;
    size_t nbytes;
} asset;

/* Base64 of the SHA-256 of what stands between the tags. */
static assay_status digest(const asset *a, unsigned char base64[64], assay_error *err) {
    unsigned char sha[EVP_MAX_MD_SIZE];
    unsigned nbytes = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) &&
              EVP_DigestUpdate(ctx, TEXT_BEGIN, sizeof TEXT_BEGIN - 1) && EVP_DigestUpdate(ctx, a->bytes, a->nbytes) &&
              EVP_DigestUpdate(ctx, TEXT_END, sizeof TEXT_END - 1) && EVP_DigestFinal_ex(ctx, sha, &nbytes);
    EVP_MD_CTX_free(ctx);
    if (!ok) return assay_fail(err, ASSAY_EINTERNAL, NULL, "the HTML report: SHA-256 is not available");
    EVP_EncodeBlock(base64, sha, (int)nbytes);
    return ASSAY_OK;
}

static void put_asset(FILE *out, const char *tag, const asset *a) {
    fprintf(out, "<%s>%s", tag, TEXT_BEGIN);
    fwrite(a->bytes, 1, a->nbytes, out);
    fprintf(out, "%s</%s>\n", TEXT_END, tag);
}

assay_status html_page_begin(FILE *out, const char *title, assay_error *err) {
    const asset style = {html_style, html_style_nbytes}, script = {html_script, html_script_nbytes};
    unsigned char of_style[64], of_script[64];
    assay_status st = digest(&style, of_style, err);
    if (!st) st = digest(&script, of_script, err);
    if (st) return st;
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n", out);
    fprintf(out,
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-%s'; "
            "script-src 'sha256-%s'; img-src data:; base-uri 'none'; form-action 'none'\"/>\n",
            (const char *)of_style, (const char *)of_script);
    fputs(
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>",
        out);
    html_put_text(out, title);
    fputs("</title>\n<link rel=\"icon\" href=\"data:,\"/>\n", out);
    put_asset(out, "style", &style);
    put_asset(out, "script", &script);
    fputs("</head>\n<body>\n", out);
    return ASSAY_OK;
}

void html_page_end(FILE *out) {
    fputs("<footer><p>Written by assay " ASSAY_VERSION
          ". This page loads nothing and sends nothing.</p></footer>\n"
          "</body>\n</html>\n",
          out);
}

void html_section_begin(FILE *out, const char *id, const char *title) {
    fprintf(out, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n", id, id, id, title);
}

void html_section_end(FILE *out) { fputs("</section>\n", out); }

void html_scroll_begin(FILE *out, const char *label) {
    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", out);
    html_put_text(out, label);
    fputs("\">", out);
}

void html_scroll_end(FILE *out) { fputs("</div>\n", out); }
