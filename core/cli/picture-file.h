/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picture files of any kind that FFmpeg reads. */

#pragma once

#include "base/error.h"

/* The first picture in path as 8-bit RGB. *pixels: [height, width, 3], (transfer full), g_free(). */
gboolean l4_picture_file_load (const char *path, guint *width, guint *height, guint8 **pixels, GError **error);
