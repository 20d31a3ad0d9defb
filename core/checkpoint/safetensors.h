/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The header of one safetensors file. */

#pragma once

#include "base/error.h"
#include "blocks/tensor.h"

#define L4_SAFETENSORS_MAX_HEADER 100000000     /* bytes; the format's own limit */

/* Appends the tensors (L4Tensor) of the open file fd of size bytes to tensors, in the order of their places in it; file becomes
 * their `file`, their strings live in strings. Nothing in the header is trusted: every type, shape and place must agree, the
 * data must follow each other without holes and end with the file. Names are checked only by themselves, not for duplicates. */
gboolean l4_safetensors_read_header (int fd, const char *path, guint64 size, guint file, GStringChunk *strings,
    GArray *tensors, GError **error);
