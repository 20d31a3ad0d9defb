/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A page that shows what cameras see and what is said of it, served by HTTP: pictures once a second, the latest sentences, alerts.
 *
 * Without a token it is served on this machine alone, and only to who asks for it by a name of this machine, so that pages from elsewhere
 * cannot read it. With one, whoever comes first gives it: in a form, which leaves a cookie, or as "Authorization: Bearer TOKEN".
 *
 * It bears so many connections, and those that say nothing or take nothing are closed (live/listener.h); whoever means harm can still keep
 * others out with many of them, so that a page for the whole world belongs behind a proxy. */

#pragma once

#include "tell/tell.h"

G_BEGIN_DECLS

typedef struct
{
  guint port;                   /* 0: any that is free */
  const char *address;          /* numeric; NULL: 127.0.0.1 and ::1. Others than those of this machine itself need a token */
  const char *token;            /* at least L4_LIVE_SHORTEST_TOKEN characters of those between ! and ~; NULL: none */
} L4LiveSettings;

#define L4_LIVE_SHORTEST_TOKEN 16
#define L4_LIVE_MOST_SENTENCES 50       /* kept for a camera, of which a page that is opened shows them */
#define L4_LIVE_MOST_ALERTS 100         /* kept of all cameras */
#define L4_LIVE_MOST_READERS 32         /* pages that are open at once; another one is told to come back later */

/* Has a thread that serves. All functions but l4_live_free() return at once, whoever reads and however slowly; any thread. What is handed
 * over is copied (pictures: referenced). Texts may be anything: they are shown, never obeyed. */
typedef struct _L4Live L4Live;

/* Whether a token can be one; NULL can. */
gboolean l4_live_check_token (const char *token, GError **error);

/* cameras: their names, which ends with NULL; calls for others do nothing. Fails when the port is taken. (transfer full) */
L4Live *l4_live_new (const L4LiveSettings *settings, const char *const *cameras, GError **error);

/* FALSE: the settings cannot work, whatever port is free. */
gboolean l4_live_check (const L4LiveSettings *settings, GError **error);
void l4_live_free (L4Live *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Live, l4_live_free)

/* Where it is: http://127.0.0.1:8080/ ; without the token. Borrowed. */
const char *l4_live_get_url (const L4Live *self);

/* Whether somebody looks at pictures now: otherwise none need be made. */
gboolean l4_live_is_watched (L4Live *self);

/* The camera's newest picture, a JPEG of at most L4_TELL_BIGGEST_PICTURE bytes and best about 640 pixels wide; others do nothing. */
void l4_live_set_picture (L4Live *self, const char *camera, GBytes *jpeg);

/* Whether pictures come from it. */
void l4_live_set_present (L4Live *self, const char *camera, gboolean present);

/* What was said of it; pictures are set apart. */
void l4_live_add_said (L4Live *self, const L4Said *said);

/* What is being said of it, as far as it is there: shown until that is said. */
void l4_live_set_growing (L4Live *self, const char *camera, const char *text);

void l4_live_add_alert (L4Live *self, const L4Alert *alert);

G_END_DECLS
