/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where in a file its pictures and sound lie, and what only tells of them. */

#pragma once

#include "film/source.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 offset, size;         /* bytes; never beyond the file's end */
} L4Range;

/* The ranges of the media data, in order: all of the file where its container is not known. What decides how the data are shown, and
 * may be edited without touching them, is added to also. NULL: reading failed. (transfer full) */
GArray *l4_media_find (L4Source *source, GByteArray *also, GError **error);

G_END_DECLS
