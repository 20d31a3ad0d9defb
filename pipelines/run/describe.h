/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Films through llama4describe, one after the other, with one model: appsrc ! llama4describe ! fakesink, built through the API. */

#pragma once

#include "film/film.h"
#include "run/model.h"
#include "run/options.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 start, end;           /* nanoseconds of stream time */
  const char *text, *json;      /* one line each */
  GBytes *thumbnail;            /* JPEG of a picture that was shown; NULL: not asked for */
} L4DescribeWindow;

/* All are called by the thread that l4_describer_run() was called by. */
typedef struct
{
  /* A window, in order. FALSE ends the film: with *error as a failure, without as if it were over. */
  gboolean (*window) (const L4DescribeWindow *window, gpointer user_data, GError **error);
  /* A window that could not be described: its time and why, one line. NULL: a warning on standard error. */
  void (*failed) (guint64 start, guint64 end, const char *why, gpointer user_data);
  /* Something else is not right, but the film goes on; one line. NULL: to standard error. */
  void (*warning) (const char *what, gpointer user_data);
  /* The model is being loaded; 0 to 100. NULL: nothing. */
  void (*loading) (guint percent, gpointer user_data);
  /* Several times a second. NULL: nothing. */
  void (*tick) (gpointer user_data);
  /* Called once, when the film has been read to its end and its last windows are still being described: the film to be read ahead
   * meanwhile, from that stream time on; NULL: none. It stays open until l4_describer_run() has returned for it, or
   * l4_describer_forget(). NULL: nothing is read ahead. */
  L4Film *(*ahead) (guint64 *from, gpointer user_data);
  /* Something is to be known of the model, such as its licence; one line. NULL: to standard error. */
  void (*notice) (const char *what, gpointer user_data);
} L4DescribeFuncs;

/* Holds the model from the first film to the end. Used by one thread. gst_init() comes first. */
typedef struct _L4Describer L4Describer;

/* options: borrowed, for as long as it lives. */
L4Describer *l4_describer_new (const L4DescribeOptions *options, gboolean thumbnails, GError **error);
void l4_describer_free (L4Describer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Describer, l4_describer_free)

/* Borrowed, as long as the describer lives. */
const L4DescriberModel *l4_describer_get_model (L4Describer *self, GError **error);

/* "sha256:…" over prompt, system prompt and language, those that the options leave open included. (transfer full) */
char *l4_describer_get_prompt_digest (L4Describer *self);

/* Describes a film that was opened, from that stream time on (0, or the end of the last window that is there); returns when its last
 * window was handed over. Errors of L4_FILM_ERROR are the film's; what comes after such a one was whole windows only, so that it can be
 * gone on with. Others are the describer's: the next film would fail by them too. After a cancellation (L4_ERROR_CANCELLED) all windows
 * handed over were whole. film: borrowed. */
gboolean l4_describer_run (L4Describer *self, L4Film *film, guint64 from, const L4DescribeFuncs *funcs, gpointer user_data,
    GCancellable *cancellable, GError **error);

/* Lets go of the film that was read ahead, if any. */
void l4_describer_forget (L4Describer *self);

G_END_DECLS
