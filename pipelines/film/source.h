/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An ordinary file that is read from, and whether it stays what it was. */

#pragma once

#include "film/film.h"

#include <libavformat/avio.h>

G_BEGIN_DECLS

/* Sets *error and returns FALSE. */
gboolean l4_film_fail (GError **error, L4FilmError code, const char *format, ...) G_GNUC_PRINTF (3, 4);

typedef struct _L4Source L4Source;

/* Opens an ordinary file that has something in it; anything else is an error, and never waited for. */
L4Source *l4_source_open (const char *path, GCancellable *cancellable, GError **error);
void l4_source_close (L4Source *self);  /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Source, l4_source_close)

const char *l4_source_get_path (const L4Source *self);
guint64 l4_source_get_size (const L4Source *self);      /* bytes, when it was opened */

/* Reads up to that many bytes from there; fewer only at the file's end. FALSE: a read error, a cancellation. */
gboolean l4_source_read (L4Source *self, guint64 offset, gpointer buffer, gsize size, gsize *got, GError **error);

/* What FFmpeg reads it by, from its first byte on. Freed before the source, with l4_source_free_io(). */
AVIOContext *l4_source_new_io (L4Source *self);
void l4_source_free_io (AVIOContext *io);               /* NULL is fine */

gboolean l4_source_is_cancelled (L4Source *self);

/* Whether what was opened, whatever its name, has that size and time (nanoseconds since 1970) and was not removed. */
gboolean l4_source_is (const L4Source *self, guint64 size, gint64 mtime);

/* Whether reading went well so far: no read error, not cancelled, and the file under this name is the one that was opened, unchanged. */
gboolean l4_source_check (L4Source *self, GError **error);

G_END_DECLS
