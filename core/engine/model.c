/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models and sessions: picks the describer, shares one model among all who load the same files. */

#include "engine/backend.h"

#include <string.h>
#include <sys/stat.h>

#include "config.h"

struct _L4Model
{
  gatomicrefcount references;
  char *key;                    /* in `loaded` */
  const L4BackendClass *backend;
  gpointer model;               /* the backend's */
  L4ModelInfo info;             /* owns its strings */
};

struct _L4Session
{
  L4Model *model;
  gpointer session;             /* the backend's */
};

/* Models in memory, and those that a thread is loading or freeing just now. */
static GMutex registry_lock;
static GCond registry_changed;
static GHashTable *loaded;      /* key → L4Model, no reference held */
static GHashTable *busy;        /* set of keys */

static char *
embedded_path (void)
{
  const char *directory = g_getenv ("LLAMA4_DATA_DIR");

  return g_build_filename (directory != NULL ? directory : L4_DATA_DIR, "embedded", NULL);
}

static gboolean
same_path (const char *one, const char *other)
{
  g_autofree char *canonical_one = g_canonicalize_filename (one, NULL), *canonical_other = g_canonicalize_filename (other, NULL);

  return g_str_equal (canonical_one, canonical_other);
}

/* A pointer to the terms of weights that call themselves Llama 4: nothing else is loaded. */
static const char *
licence_notice (void)
{
  return _("Llama 4 weights are Meta's, under the Llama 4 Community License Agreement (https://www.llama.com/llama4/license/) and "
      "its acceptable use policy (https://www.llama.com/llama4/use-policy/): the rights to the multimodal models are not granted to "
      "individuals domiciled in the European Union and companies with their principal place of business there; products and "
      "services that contain them show \"Built with Llama\"");
}

/* The embedded model is there for whoever has no weights yet, and must not be taken for them. */
static const char *
embedded_limits (void)
{
  return _("it tells test patterns and moving shapes, and of film light, colours, cuts, fades and whether the camera or something moves, now "
      "and then that it is a person, in English, German, French and Spanish, but no other things and no writing");
}

/* Which model this is: the files by name and time, and what else shapes it in memory. */
static char *
model_key (const L4LoadOptions *options)
{
  g_autofree char *canonical = g_canonicalize_filename (options->model_path, NULL);
  g_autofree char *projector =
      options->projector_path != NULL ? g_canonicalize_filename (options->projector_path, NULL) : g_strdup ("");
  struct stat model_status = { 0 }, projector_status = { 0 };

  stat (canonical, &model_status);
  stat (projector, &projector_status);
  return g_strdup_printf ("%s\n%s\n%" PRId64 ".%ld %" PRId64 ".%ld\n%u %d %d %d", canonical, projector, (gint64) model_status.st_mtim.tv_sec,
      model_status.st_mtim.tv_nsec, (gint64) projector_status.st_mtim.tv_sec, projector_status.st_mtim.tv_nsec, options->threads,
      options->load, options->vision_int8, options->text_only);
}

static L4Model *
model_new (const L4LoadOptions *options, gboolean embedded, L4ProgressFunc progress, gpointer user_data,
    GCancellable *cancellable, GError **error)
{
  g_autofree L4Model *self = g_new0 (L4Model, 1);
  L4ModelInfo info = { 0 };

  self->backend = g_str_has_suffix (options->model_path, ".script") ? &l4_script_backend : &l4_llama_backend;
  self->model = self->backend->load (options, &info, progress, user_data, cancellable, error);
  if (self->model == NULL)
    return NULL;
  self->info = info;
  self->info.path = g_strdup (options->model_path);
  self->info.name = embedded ? g_strdup ("embedded") : g_path_get_basename (options->model_path);
  self->info.digest = g_strdup (info.digest);
  self->info.quantization = g_strdup (info.quantization);
  self->info.note = g_strdup (info.note);
  self->info.licence = !embedded && self->backend == &l4_llama_backend ? licence_notice () : NULL;
  self->info.limits = embedded ? embedded_limits () : NULL;
  g_atomic_ref_count_init (&self->references);
  return g_steal_pointer (&self);
}

static void
model_free (L4Model *self)
{
  self->backend->unload (self->model);
  g_free ((char *) self->info.path);
  g_free ((char *) self->info.name);
  g_free ((char *) self->info.digest);
  g_free ((char *) self->info.quantization);
  g_free ((char *) self->info.note);
  g_free (self->key);
  g_free (self);
}

/* Gives a reference to the model of that key, or NULL: the caller is now the one who loads it, and must settle it. FALSE: cancelled
 * while waiting. */
static gboolean
registry_claim (const char *key, GCancellable *cancellable, L4Model **model)
{
  gboolean waits;

  *model = NULL;
  g_mutex_lock (&registry_lock);
  if (loaded == NULL) {
    loaded = g_hash_table_new (g_str_hash, g_str_equal);
    busy = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  }
  while ((waits = g_hash_table_contains (busy, key)) && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait_until (&registry_changed, &registry_lock, g_get_monotonic_time () + 50 * G_TIME_SPAN_MILLISECOND);
  if (!waits) {
    *model = g_hash_table_lookup (loaded, key);
    if (*model != NULL)
      g_atomic_ref_count_inc (&(*model)->references);
    else
      g_hash_table_add (busy, g_strdup (key));
  }
  g_mutex_unlock (&registry_lock);
  return !waits;
}

static void
registry_settle (const char *key, L4Model *model)
{
  g_mutex_lock (&registry_lock);
  g_hash_table_remove (busy, key);
  if (model != NULL) {
    model->key = g_strdup (key);
    g_hash_table_insert (loaded, model->key, model);
  }
  g_cond_broadcast (&registry_changed);
  g_mutex_unlock (&registry_lock);
}

static gboolean
can_look (const L4Model *self, GError **error)
{
  return self->backend->can_look == NULL || self->backend->can_look (self->model, error);
}

L4Model *
l4_model_load (const L4LoadOptions *given, L4ProgressFunc progress, gpointer user_data, GCancellable *cancellable,
    GError **error)
{
  L4LoadOptions options = given != NULL ? *given : (L4LoadOptions) { 0 };
  g_autofree char *own_path = embedded_path ();
  g_autofree char *key = NULL;
  gboolean embedded;
  L4Model *model;

  if (options.model_path == NULL || *options.model_path == '\0')
    options.model_path = own_path;
  embedded = same_path (options.model_path, own_path);
  key = model_key (&options);
  if (!registry_claim (key, cancellable, &model)) {
    l4_fail (error, L4_ERROR_CANCELLED, _("%s: loading was cancelled"), options.model_path);
    return NULL;
  }
  if (model == NULL) {
    model = model_new (&options, embedded, progress, user_data, cancellable, error);
    registry_settle (key, model);
  }
  if (model != NULL && options.for_pictures && !can_look (model, error))        /* one that was there before */
    g_clear_pointer (&model, l4_model_unref);
  if (model != NULL && progress != NULL)
    progress (100, user_data);
  return model;
}

L4Model *
l4_model_ref (L4Model *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

/* Whoever loads it anew waits until it is gone: both together may be more than the machine has. */
void
l4_model_unref (L4Model *self)
{
  g_autofree char *key = NULL;

  g_mutex_lock (&registry_lock);        /* so that nobody finds it between the last reference and its end */
  if (g_atomic_ref_count_dec (&self->references)) {
    key = g_strdup (self->key);
    g_hash_table_remove (loaded, key);
    g_hash_table_add (busy, g_strdup (key));
  }
  g_mutex_unlock (&registry_lock);
  if (key == NULL)
    return;
  model_free (self);
  registry_settle (key, NULL);
}

const L4ModelInfo *
l4_model_get_info (const L4Model *self)
{
  return &self->info;
}

void
l4_model_picture_size (const L4Model *self, guint width, guint height, guint max_tiles, guint *out_width, guint *out_height)
{
  self->backend->picture_size (self->model, MAX (width, 1), MAX (height, 1), CLAMP (max_tiles, 1, self->info.max_tiles),
      out_width, out_height);
}

void
l4_model_measure (L4Model *self)
{
  if (self->backend->measure != NULL)
    self->backend->measure (self->model);
}

L4Session *
l4_session_new (L4Model *model)
{
  L4Session *self = g_new0 (L4Session, 1);

  self->model = l4_model_ref (model);
  self->session = model->backend->session_new (model->model);
  return self;
}

void
l4_session_free (L4Session *self)
{
  if (self == NULL)
    return;
  self->model->backend->session_free (self->session);
  l4_model_unref (self->model);
  g_free (self);
}

/* What no describer can do anything with. */
static gboolean
check_conversation (const L4Message *messages, gsize n_messages, const L4GenerateOptions *options, GError **error)
{
  if (options->max_tokens < 1)
    return l4_fail (error, L4_ERROR_INPUT, _("max-tokens: must be at least 1"));
  for (gsize m = 0; m < n_messages; m++)
    for (gsize p = 0; p < messages[m].n_parts; p++) {
      const L4Picture *picture = &messages[m].parts[p].picture;

      if (messages[m].parts[p].text == NULL && (picture->pixels == NULL || picture->width < 1 || picture->height < 1
              || picture->width > 65535 || picture->height > 65535 || picture->stride < (gsize) picture->width * 3))
        return l4_fail (error, L4_ERROR_INPUT,
            _("picture of %u x %u pixels with rows of %zu bytes: unusable"), picture->width,
            picture->height, picture->stride);
    }
  return TRUE;
}

gboolean
l4_session_answer (L4Session *self, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    L4TextFunc on_text, gpointer user_data, GCancellable *cancellable, L4Answer *answer, GError **error)
{
  *answer = (L4Answer) { 0 };
  if (check_conversation (messages, n_messages, options, error)
      && self->model->backend->answer (self->session, messages, n_messages, options, on_text, user_data, cancellable, answer,
          error))
    return TRUE;
  l4_answer_clear (answer);
  return FALSE;
}

gboolean
l4_session_ask (L4Session *self, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options, GCancellable *cancellable,
    double *yes, GError **error)
{
  *yes = 0;
  return check_conversation (messages, n_messages, options, error)
      && self->model->backend->ask (self->session, messages, n_messages, options, cancellable, yes, error);
}

/* Prepared answers hold nothing. */
static gboolean
can_hold (const L4Session *self, GError **error)
{
  return self->model->backend->prepare != NULL
      || l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: has prepared answers, and nothing of a conversation to keep"), self->model->info.path);
}

gboolean
l4_session_prepare (L4Session *self, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    GCancellable *cancellable, GError **error)
{
  return can_hold (self, error) && check_conversation (messages, n_messages, options, error)
      && self->model->backend->prepare (self->session, messages, n_messages, options, cancellable, error);
}

gboolean
l4_session_compare (L4Session *self, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options, L4Held *held,
    GError **error)
{
  *held = (L4Held) { 0 };
  return can_hold (self, error) && check_conversation (messages, n_messages, options, error)
      && self->model->backend->compare (self->session, messages, n_messages, options, held, error);
}

gboolean
l4_session_save (L4Session *self, const char *path, GError **error)
{
  return can_hold (self, error) && self->model->backend->save (self->session, path, error);
}

gboolean
l4_session_load (L4Session *self, const char *path, gboolean kv_int8, GError **error)
{
  return can_hold (self, error) && self->model->backend->load_session (self->session, path, kv_int8, error);
}

gboolean
l4_session_forecast (L4Session *self, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    L4Forecast *forecast, GError **error)
{
  *forecast = (L4Forecast) { 0 };
  return check_conversation (messages, n_messages, options, error)
      && self->model->backend->forecast (self->session, messages, n_messages, options, forecast, error);
}

void
l4_answer_clear (L4Answer *answer)
{
  g_free (answer->text);
  g_free (answer->prompt_digest);
  *answer = (L4Answer) { 0 };
}

L4Load
l4_load_from_string (const char *name)
{
  static const char *const names[] = { "auto", "read", "map", "stream" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (name, names[i]) == 0)
      return (L4Load) i;
  return L4_LOAD_AUTO;
}

const char *
l4_finish_to_string (L4Finish finish)
{
  static const char *const names[] = { "stop", "length", "cancelled" };

  return names[finish];
}
