/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the picture of a HEIF file (HEIC, AVIF) is to be held. */

#pragma once

#include "base/error.h"

/* What turns and mirrors the file's picture, as a display matrix: column x and row y go to column m[0] x + m[3] y and row m[1] x + m[4] y.
 * FALSE: it is shown as it is, or is no such file. Nothing in the file is trusted. */
gboolean l4_heif_find_matrix (const char *path, gint32 matrix[static 9]);
