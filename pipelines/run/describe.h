/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Films through llama4describe, one after the other, with one model: appsrc ! llama4describe ! fakesink, built through the API. */

#pragma once

#include "film/film.h"

G_BEGIN_DECLS

/* How films are described: the options that programs share. Strings are bytes as given; NULL, 0: the element's default. */
typedef struct
{
  char *model_path, *projector_path, *load;
  char *prompt, *system_prompt, *language;
  guint64 window, overlap;      /* nanoseconds */
  int frames, tiles, max_tokens, threads;
  guint64 memory_limit;         /* bytes */
  gboolean no_cuts;             /* windows do not begin anew at hard cuts */
  L4FilmDecode decode;
} L4DescribeOptions;

/* The options' entries, for L4Command's `more`; they fill the one L4DescribeOptions of the program. */
const GOptionEntry *l4_describe_entries (void);
const L4DescribeOptions *l4_describe_options (GError **error);   /* checked; NULL: one is wrong */

typedef struct
{
  guint64 start, end;           /* nanoseconds of stream time */
  const char *text, *json;      /* one line each */
  GBytes *thumbnail;            /* JPEG of a picture that was shown; NULL: not asked for */
} L4DescribeWindow;

typedef struct
{
  /* A window, in order. FALSE ends the film with *error. */
  gboolean (*window) (const L4DescribeWindow *window, gpointer user_data, GError **error);
  /* A window that could not be described: its time and why. NULL: a warning on standard error. */
  void (*failed) (guint64 start, guint64 end, const char *why, gpointer user_data);
  /* How far it is, nanoseconds. NULL: nothing. */
  void (*progress) (guint64 position, gpointer user_data);
  /* The film that comes next, opened and read ahead while this one is being described; NULL: none. (transfer full) */
} L4DescribeFuncs;

/* Holds the model from the first film to the end. Used by one thread, whose default main context it runs. */
typedef struct _L4Describer L4Describer;

L4Describer *l4_describer_new (const L4DescribeOptions *options, gboolean thumbnails, GError **error);
void l4_describer_free (L4Describer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Describer, l4_describer_free)

/* Name, digest and quantization of the model, which is loaded when need be. Borrowed. */
gboolean l4_describer_get_model (L4Describer *self, const char **name, const char **digest, const char **quantization, GError **error);

/* Takes a film that was opened and describes it from that stream time on; returns when its last window was handed over. `next`, when not
 * NULL, is started and decoded ahead as far as its queue holds once this film has been read to its end. (films: borrowed) */
gboolean l4_describer_run (L4Describer *self, L4Film *film, guint64 from, L4Film *next, guint64 next_from, const L4DescribeFuncs *funcs,
    gpointer user_data, GCancellable *cancellable, GError **error);

G_END_DECLS
