#include "golden/stored_values.h"

assay_status assay_stored_values_read(const assay_stored_values *v, void *buffer, size_t nbytes, uint64_t offset,
                                      assay_error *err) {
    return assay_byte_file_read(&v->file, buffer, nbytes, v->begin + offset, err);
}

void assay_stored_values_close(assay_stored_values *v) {
    if (v->owns_file) assay_byte_file_close(&v->file);
    *v = (assay_stored_values){.file.fd = -1};
}
