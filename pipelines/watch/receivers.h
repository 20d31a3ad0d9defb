/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom alerts go to beside standard output and commands: a broker, a web server, ONVIF's metadata, a page. */

#pragma once

#include "cameras/cameras.h"
#include "live/live.h"
#include "tell/tell.h"
#include "watch/news.h"

G_BEGIN_DECLS

typedef struct _L4Receivers L4Receivers;

/* Those of the file, if any. cameras: borrowed; trouble is told to news. Fails for settings that cannot work, never for a receiver that is
 * away. (transfer full) */
L4Receivers *l4_receivers_new (const L4Cameras *cameras, L4NewsQueue *news, GError **error);

/* Whether their settings can work: passwords and tokens in the files that these name are such, certificates and keys can be read; *error names file
 * and part. Nobody is asked anything. */
gboolean l4_receivers_check (const L4Cameras *cameras, GError **error);

/* Waits until all that waits is told, at most until that time (as g_get_monotonic_time() has it), and says which receiver has not got how
 * many alerts. Returns how many in all. */
guint64 l4_receivers_finish (L4Receivers *self, gint64 until);

/* What still waits is lost; within two seconds, whatever they do. */
void l4_receivers_free (L4Receivers *self);     /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Receivers, l4_receivers_free)

/* All return at once. */
void l4_receivers_alert (L4Receivers *self, const L4Rule *rule, const L4Alert *alert);    /* to those that the rule wants */
void l4_receivers_said (L4Receivers *self, const L4Said *said);
void l4_receivers_growing (L4Receivers *self, const char *camera, const char *text);
void l4_receivers_presence (L4Receivers *self, const char *camera, gboolean present);

/* The page; NULL: there is none. (transfer none) */
L4Live *l4_receivers_get_live (L4Receivers *self);

/* Whether any keeps sentences, with their pictures. */
gboolean l4_receivers_want_pictures (const L4Cameras *cameras);

G_END_DECLS
