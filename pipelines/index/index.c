/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening an index, and the runs in it. */

#include <string.h>
#include <yyjson.h>

#include "base/i18n.h"
#include "index/index-private.h"
#include "index/language.h"

G_DEFINE_QUARK (l4-index-error-quark, l4_index_error)

L4Index *
l4_index_open (const char *where, L4IndexMode mode, GError **error)
{
  L4Database *database = l4_database_open (where, mode, FALSE, error);
  L4Index *self;

  if (database == NULL)
    return NULL;
  self = g_new0 (L4Index, 1);
  self->database = database;
  self->where = g_strdup (where);
  self->claims = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  l4_owner_init (&self->owner);
  return self;
}

gboolean
l4_index_hurry (L4Index *self, GError **error)
{
  return l4_database_hurry (self->database, error);
}

void
l4_index_close (L4Index *self)
{
  if (self == NULL)
    return;
  l4_lease_free (self->lease);
  l4_database_close (self->database);
  l4_owner_clear (&self->owner);
  g_hash_table_unref (self->claims);
  g_free (self->where);
  g_free (self);
}

gboolean
l4_index_check_number (L4Index *self, guint64 n, GError **error)
{
  return n <= G_MAXINT64
      || l4_database_fail (self->database, L4_ERROR_INPUT, error, _("%" PRIu64 " is more than an index can hold"), n);
}

gboolean
l4_index_check_text (L4Index *self, const char *text, const char *what, GError **error)
{
  if (text == NULL)
    return l4_database_fail (self->database, L4_ERROR_INPUT, error, _("%s is missing"), what);
  return g_utf8_validate (text, -1, NULL) || l4_database_fail (self->database, L4_ERROR_INPUT, error, _("%s is not UTF-8"), what);
}

/* Runs -------------------------------------------------------------------------------------------------------------------------- */

void
l4_index_run_free (L4IndexRun *run)
{
  if (run == NULL)
    return;
  g_free (run->model_name);
  g_free (run->model_digest);
  g_free (run->quantization);
  g_free (run->prompt_digest);
  g_free (run->settings);
  g_free (run->version);
  g_free (run);
}

static gboolean
is_object (const char *json)
{
  yyjson_doc *doc = yyjson_read (json, strlen (json), 0);
  gboolean right = doc != NULL && yyjson_is_obj (yyjson_doc_get_root (doc));

  yyjson_doc_free (doc);
  return right;
}

static gboolean
check_run (L4Index *self, const L4IndexRun *run, GError **error)
{
  if (!l4_index_check_text (self, run->model_name, "model_name", error)
      || !l4_index_check_text (self, run->model_digest, "model_digest", error)
      || !l4_index_check_text (self, run->quantization, "quantization", error)
      || !l4_index_check_text (self, run->prompt_digest, "prompt_digest", error)
      || !l4_index_check_text (self, run->settings, "settings", error) || !l4_index_check_text (self, run->version, "version", error))
    return FALSE;
  return is_object (run->settings) || l4_database_fail (self->database, L4_ERROR_INPUT, error, _("settings are no JSON object"));
}

/* Of the sentences, by what the settings say of it; models answer in English when nothing is said. */
static const char *
get_language (const char *settings)
{
  yyjson_doc *doc = yyjson_read (settings, strlen (settings), 0);
  const char *name = yyjson_get_str (yyjson_obj_get (yyjson_doc_get_root (doc), "language"));
  const char *language = name == NULL || *name == '\0' ? "english" : l4_language_find (name);

  yyjson_doc_free (doc);
  return language;
}

/* What makes a run another one, lengths included so that no two sets of strings read the same. (transfer full) */
static char *
get_run_key (const L4IndexRun *run)
{
  const char *const parts[] = { run->model_digest, run->prompt_digest, run->settings, run->version };
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    g_string_append_printf (all, "%zu:%s", strlen (parts[i]), parts[i]);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, all->str, all->len);
}

static void
row_run_place (const L4Value *columns, gpointer data)
{
  L4IndexRun *run = data;

  run->id = l4_value_integer (&columns[0]);
  run->time = l4_value_integer (&columns[1]);
}

static gboolean
put_run (L4Database *database, gpointer work, GError **error)
{
  L4IndexRun *run = work;
  g_autofree char *key = get_run_key (run);
  const char *language = get_language (run->settings);
  gint64 now;

  run->id = 0;
  return database->class->now (database, &now, error)
      && l4_database_query (database, NULL, NULL, error, "INSERT INTO runs (key, model_name, model_digest, quantization, prompt_digest, "
      "settings, language, version, time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (key) DO NOTHING", "tttttttti", key, run->model_name,
      run->model_digest, run->quantization, run->prompt_digest, run->settings, language, run->version, now)
      && l4_database_query (database, row_run_place, run, error, "SELECT id, time FROM runs WHERE key = $1", "t", key);
}

gboolean
l4_index_put_run (L4Index *self, L4IndexRun *run, GError **error)
{
  return check_run (self, run, error) && l4_database_transact (self->database, TRUE, put_run, run, error);
}

static void
row_run (const L4Value *columns, gpointer runs)
{
  L4IndexRun *run = g_new0 (L4IndexRun, 1);

  run->id = l4_value_integer (&columns[0]);
  run->model_name = l4_value_text (&columns[1]);
  run->model_digest = l4_value_text (&columns[2]);
  run->quantization = l4_value_text (&columns[3]);
  run->prompt_digest = l4_value_text (&columns[4]);
  run->settings = l4_value_text (&columns[5]);
  run->version = l4_value_text (&columns[6]);
  run->time = l4_value_integer (&columns[7]);
  g_ptr_array_add (runs, run);
}

static gboolean
list_runs (L4Database *database, gpointer runs, GError **error)
{
  g_ptr_array_set_size (runs, 0);
  return l4_database_query (database, row_run, runs, error, "SELECT id, model_name, model_digest, quantization, prompt_digest, settings, "
      "version, time FROM runs WHERE key NOT LIKE '" L4_AGAIN_KEY "%' ORDER BY id", "");
}

GPtrArray *
l4_index_list_runs (L4Index *self, GError **error)
{
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func ((GDestroyNotify) l4_index_run_free);

  return l4_database_transact (self->database, FALSE, list_runs, runs, error) ? g_steal_pointer (&runs) : NULL;
}
