/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One try to get pictures of a camera, from the address until it ends: how far it came, and why no further. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 begun;                 /* monotonic */
  gboolean up;                  /* pictures came */
  gboolean drained;             /* all that came was described */
  gboolean ended;               /* by itself */
  gboolean fatal;               /* the next one would end like this one */
  char *reason;                 /* why it ended otherwise; NULL: it did not */
  gboolean unclear;             /* that hardly tells why; */
  gboolean silent;              /* but that nothing more came, */
  gboolean waited;              /* or that it was waited for in vain */
  char *warning;                /* the latest line of one; or NULL */
  char *cause;                  /* the same of those that tell of the camera */
  gint64 warned;                /* when that was, monotonic */
  gint64 vague;                 /* when an error came that is the reason and has no cause yet, monotonic; 0: none did */
} L4Try;

/* Now. */
L4Try l4_try_begin (void);
void l4_try_clear (L4Try *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4Try, l4_try_clear)

/* It ends for a reason of its own, unless it has one. (transfer full) */
void l4_try_end (L4Try *self, char *reason);

/* What the reason turned out to be, where that was unclear; NULL: it did not. (transfer full) */
void l4_try_explain (L4Try *self, char *reason);

/* A message of GStreamer: an error ends it, for good when something is wrong with the model or with what is asked of it, as `describe` tells;
 * what is wrong with a camera or its detector is that camera's trouble alone. A warning is kept, as the cause of an error that comes soon, or
 * came just before, and names none. */
void l4_try_take (L4Try *self, GstMessage *message, GstElement *describe);

G_END_DECLS
