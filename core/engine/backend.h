/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands behind a model: the Llama 4 engine, or a script of prepared answers. */

#pragma once

#include "base/error.h"

/* One kind of describer. info of the model outlives every call; `model` is what load returned. */
typedef struct
{
  /* Loads; fills info (strings are copied by the caller before the next call) and reports progress 0 … 100. Returns the
   * describer's own model, or NULL. */
  gpointer (*load) (const L4LoadOptions *options, L4ModelInfo *info, L4ProgressFunc progress, gpointer user_data,
      GCancellable *cancellable, GError **error);
  void (*unload) (gpointer model);
  gboolean (*can_look) (gconstpointer model, GError **error);   /* at pictures; NULL: all can */
  void (*picture_size) (gconstpointer model, guint width, guint height, guint max_tiles, guint *out_width, guint *out_height);
  gpointer (*session_new) (gpointer model);
  void (*session_free) (gpointer session);
  /* As l4_session_answer(); answer is empty on entry, cleared by the caller when FALSE is returned. */
  gboolean (*answer) (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
      L4TextFunc on_text, gpointer user_data, GCancellable *cancellable, L4Answer *answer, GError **error);
  /* As l4_session_ask(). */
  gboolean (*ask) (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
      GCancellable *cancellable, double *yes, GError **error);
  /* As l4_session_prepare(), l4_session_compare(), l4_session_save() and l4_session_load(); NULL: there is nothing to hold. */
  gboolean (*prepare) (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
      GCancellable *cancellable, GError **error);
  gboolean (*compare) (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options, L4Held *held,
      GError **error);
  gboolean (*save) (gpointer session, const char *path, GError **error);
  gboolean (*load_session) (gpointer session, const char *path, gboolean kv_int8, GError **error);
  /* As l4_session_forecast(); forecast is empty on entry. */
  gboolean (*forecast) (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
      L4Forecast *forecast, GError **error);
  void (*measure) (gpointer model);     /* as l4_model_measure(); NULL: nothing to measure */
} L4BackendClass;

extern const L4BackendClass l4_llama_backend;   /* engine/llama.c */
extern const L4BackendClass l4_script_backend;  /* engine/script.c */
