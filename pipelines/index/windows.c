/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was said of the windows of a film. */

#include "index/windows.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/i18n.h"
#include "index/index-private.h"
#include "index/words.h"

void
l4_index_window_free (L4IndexWindow *window)
{
  if (window == NULL)
    return;
  g_free (window->text);
  g_free (window->record);
  g_clear_pointer (&window->thumbnail, g_bytes_unref);
  g_free (window);
}

L4IndexWindow *
l4_window_from_row (const L4Value *columns)
{
  L4IndexWindow *window = g_new0 (L4IndexWindow, 1);
  g_autofree char *text = l4_value_text (&columns[5]), *line = l4_text_to_line (text == NULL ? "" : text, -1);

  window->id = l4_value_integer (&columns[0]);
  window->video = l4_value_integer (&columns[1]);
  window->run = l4_value_integer (&columns[2]);
  window->start = l4_value_unsigned (&columns[3]);
  window->end = l4_value_unsigned (&columns[4]);
  window->text = g_steal_pointer (&line);
  window->record = l4_value_text (&columns[6]);
  return window;
}

/* The record's columns ---------------------------------------------------------------------------------------------------------- */

/* What the columns take from a record. NULL values: it does not say. */
typedef struct
{
  char *frames, *finish;
  gint64 prompt_tokens, generated_tokens;
  double queue, vision, prefill, decode;        /* milliseconds */
} Facts;

static void
facts_clear (Facts *facts)
{
  g_clear_pointer (&facts->frames, g_free);
  g_clear_pointer (&facts->finish, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Facts, facts_clear)

static gboolean
is_number (yyjson_val *value)
{
  return yyjson_is_uint (value) && yyjson_get_uint (value) <= G_MAXINT64;
}

/* 0 where the record says nothing; FALSE for what is no number that an index can hold. */
static gboolean
get_count (yyjson_val *object, const char *key, gint64 *count)
{
  yyjson_val *value = yyjson_obj_get (object, key);

  *count = is_number (value) ? (gint64) yyjson_get_uint (value) : 0;
  return value == NULL || is_number (value);
}

static gboolean
get_milliseconds (yyjson_val *object, const char *key, double *milliseconds)
{
  yyjson_val *value = yyjson_obj_get (object, key);

  *milliseconds = yyjson_is_num (value) ? yyjson_get_num (value) : 0;
  return value == NULL || yyjson_is_num (value);
}

static gboolean
get_frames (yyjson_val *root, char **frames)
{
  yyjson_val *value = yyjson_obj_get (root, "frames"), *frame;
  yyjson_arr_iter all;
  char *written;

  if (value == NULL)
    return TRUE;
  if (!yyjson_is_arr (value))
    return FALSE;
  yyjson_arr_iter_init (value, &all);
  while ((frame = yyjson_arr_iter_next (&all)) != NULL)
    if (!is_number (frame))
      return FALSE;
  written = yyjson_val_write (value, YYJSON_WRITE_NOFLAG, NULL);
  *frames = g_strdup (written);
  free (written);
  return TRUE;
}

static gboolean
read_root (yyjson_val *root, Facts *facts)
{
  yyjson_val *tokens = yyjson_obj_get (root, "tokens"), *ms = yyjson_obj_get (root, "ms"), *finish = yyjson_obj_get (root, "finish");

  facts->finish = yyjson_is_str (finish) ? l4_text_to_line (yyjson_get_str (finish), yyjson_get_len (finish)) : NULL;
  return yyjson_is_obj (root) && get_frames (root, &facts->frames) && get_count (tokens, "prompt", &facts->prompt_tokens)
      && get_count (tokens, "generated", &facts->generated_tokens) && get_milliseconds (ms, "queue", &facts->queue)
      && get_milliseconds (ms, "vision", &facts->vision) && get_milliseconds (ms, "prefill", &facts->prefill)
      && get_milliseconds (ms, "decode", &facts->decode);
}

static gboolean
read_record (L4Index *self, const char *record, Facts *facts, GError **error)
{
  yyjson_doc *doc;
  gboolean right;

  if (record == NULL)
    return TRUE;
  if (!l4_index_check_text (self, record, _("the record of a window"), error))
    return FALSE;
  doc = yyjson_read (record, strlen (record), 0);
  right = doc != NULL && read_root (yyjson_doc_get_root (doc), facts);
  yyjson_doc_free (doc);
  return right || l4_database_fail (self->database, L4_ERROR_INPUT, error, _("the record of a window is not one of llama4describe"));
}

/* Adding ------------------------------------------------------------------------------------------------------------------------ */

typedef struct
{
  L4Index *index;
  L4IndexWindow *window;
  const Facts *facts;
  char *text;                   /* as the database has it */
  char *set, *words, *folded;   /* JSON arrays */
} Addition;

static void
addition_clear (Addition *addition)
{
  g_free (addition->text);
  g_free (addition->set);
  g_free (addition->words);
  g_free (addition->folded);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Addition, addition_clear)

static gboolean
put_row (L4Database *database, const Addition *addition, GError **error)
{
  L4IndexWindow *window = addition->window;
  const Facts *facts = addition->facts;

  return l4_database_query (database, l4_row_integer, &window->id, error, database->class->put_window, "iiiitttiirrrrtt", window->video,
      window->run, (gint64) window->start, (gint64) window->end, addition->text, facts->frames, facts->finish, facts->prompt_tokens,
      facts->generated_tokens, facts->queue, facts->vision, facts->prefill, facts->decode, addition->words, addition->folded);
}

static gboolean
put (L4Database *database, gpointer work, GError **error)
{
  const Addition *addition = work;
  L4IndexWindow *window = addition->window;

  return l4_index_lock_video (addition->index, window->video, error)
      && l4_index_check_claim (addition->index, window->video, window->run, error) && put_row (database, addition, error)
      && l4_database_query (database, NULL, NULL, error, "INSERT INTO details (\"window\", record, thumbnail) VALUES ($1, $2, $3) "
      "ON CONFLICT (\"window\") DO UPDATE SET record = excluded.record, thumbnail = excluded.thumbnail", "itb", window->id, window->record,
      window->thumbnail)
      && l4_database_query (database, NULL, NULL, error, database->class->put_words, "t", addition->set)
      && l4_database_query (database, NULL, NULL, error, "INSERT INTO progress (video, run, state) VALUES ($1, $2, 'begun') "
      "ON CONFLICT (video, run) DO UPDATE SET state = 'begun', reason = NULL, turn = 0 WHERE progress.state <> 'begun'", "ii", window->video,
      window->run)
      && l4_index_choose_newest (addition->index, window->video, error);
}

gboolean
l4_index_put_window (L4Index *self, L4IndexWindow *window, GError **error)
{
  g_auto (Facts) facts = { 0 };
  g_auto (Addition) addition = { self, window, &facts };
  g_autofree char *plain = NULL, *line = NULL;
  g_autoptr (GArray) words = NULL;

  if (window->text == NULL || window->end < window->start)
    return l4_database_fail (self->database, L4_ERROR_INPUT, error, _("a window has no text, or ends before it starts"));
  if (!l4_index_check_number (self, window->end, error) || !read_record (self, window->record, &facts, error))
    return FALSE;
  plain = l4_text_to_line (window->text, -1);
  line = l4_words_normalize (plain);
  words = l4_words_split (line);
  addition.text = l4_words_space (line);
  addition.set = l4_words_to_set (words);
  addition.words = l4_words_to_list (words, FALSE);
  addition.folded = l4_words_to_list (words, TRUE);
  return l4_database_transact (self->database, TRUE, put, &addition, error);
}

/* Listing ----------------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  gint64 video, run;
  gboolean thumbnails;
  GPtrArray *windows;
} Listing;

static void
row_window (const L4Value *columns, gpointer windows)
{
  L4IndexWindow *window = l4_window_from_row (columns);

  window->thumbnail = l4_value_blob (&columns[L4_N_WINDOW_COLUMNS]);
  g_ptr_array_add (windows, window);
}

static gboolean
list (L4Database *database, gpointer work, GError **error)
{
  static const char sql[] = "SELECT " L4_WINDOW_COLUMNS ", d.thumbnail FROM windows AS w LEFT JOIN details AS d ON d.\"window\" = w.id "
      "WHERE w.video = $1 AND w.run = $2 ORDER BY w.start";
  static const char without[] = "SELECT " L4_WINDOW_COLUMNS ", NULL FROM windows AS w LEFT JOIN details AS d ON d.\"window\" = w.id "
      "WHERE w.video = $1 AND w.run = $2 ORDER BY w.start";
  const Listing *listing = work;
  gint64 run = listing->run;

  g_ptr_array_set_size (listing->windows, 0);
  if (run == 0 && !l4_database_query (database, l4_row_integer, &run, error, "SELECT newest_run FROM videos WHERE id = $1", "i",
          listing->video))
    return FALSE;
  return l4_database_query (database, row_window, listing->windows, error, listing->thumbnails ? sql : without, "ii", listing->video, run);
}

GPtrArray *
l4_index_list_windows (L4Index *self, gint64 video, gint64 run, gboolean thumbnails, GError **error)
{
  g_autoptr (GPtrArray) windows = g_ptr_array_new_with_free_func ((GDestroyNotify) l4_index_window_free);
  Listing listing = { video, run, thumbnails, windows };

  return l4_database_transact (self->database, FALSE, list, &listing, error) ? g_steal_pointer (&windows) : NULL;
}

/* Measuring --------------------------------------------------------------------------------------------------------------------- */

#define ENOUGH 200              /* windows: what is long ago was by another machine, or beside other work */

typedef struct
{
  gint64 run;
  double milliseconds;
} Measure;

static void
row_measure (const L4Value *columns, gpointer data)
{
  ((Measure *) data)->milliseconds = columns[0].type == L4_VALUE_REAL ? columns[0].real : 0;
}

/* Windows of others' making say nothing of it. */
static gboolean
measure (L4Database *database, gpointer work, GError **error)
{
  Measure *found = work;

  return l4_database_query (database, row_measure, found, error, "SELECT avg (ms) FROM (SELECT vision_ms + prefill_ms + decode_ms AS ms "
      "FROM windows WHERE run = $1 AND vision_ms + prefill_ms + decode_ms > 0 ORDER BY id DESC LIMIT $2) AS newest", "ii", found->run,
      (gint64) ENOUGH);
}

gboolean
l4_index_measure (L4Index *self, gint64 run, double *seconds, GError **error)
{
  Measure found = { run };
  gboolean right = l4_database_transact (self->database, FALSE, measure, &found, error);

  *seconds = found.milliseconds / 1e3;
  return right;
}

typedef struct
{
  gint64 video, bytes;
} Size;

static gboolean
measure_bytes (L4Database *database, gpointer work, GError **error)
{
  Size *one = work;

  return l4_database_query (database, l4_row_integer, &one->bytes, error, "SELECT CAST (COALESCE (SUM (OCTET_LENGTH (w.text) "
      "+ COALESCE (OCTET_LENGTH (d.record), 0) + COALESCE (OCTET_LENGTH (d.thumbnail), 0)), 0) AS BIGINT) FROM windows AS w "
      "LEFT JOIN details AS d ON d.\"window\" = w.id WHERE w.video = $1", "i", one->video);
}

gboolean
l4_index_measure_video (L4Index *self, gint64 video, guint64 *bytes, GError **error)
{
  Size one = { video, 0 };
  gboolean right = l4_database_transact (self->database, FALSE, measure_bytes, &one, error);

  *bytes = MAX (one.bytes, 0);
  return right;
}
