/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures in binary PPM files. */

#pragma once

#include "base/error.h"

/* Reads the one picture of a P6 file with 8 bits a sample, each side 1 … 65535. *pixels: [height, width, 3], (transfer full),
 * freed with g_free(). */
gboolean l4_ppm_load (const char *path, guint *width, guint *height, guint8 **pixels, GError **error);
