/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One film of an archive described: what the index lacks of it, window by window. */

#include "library/library-private.h"

#include <sys/stat.h>

#include "base/i18n.h"
#include "library/sidecar.h"
#include "llama4.h"

typedef struct
{
  L4Library *library;
  L4Work *work;
  const L4Stretch *stretch;     /* that is described now */
  gboolean last;                /* no further one comes */
  guint n_windows, n_failed;
  char *why;                    /* the last one failed */
  L4Work **next;
  GError *error;                /* of opening the next film */
} Job;

/* What the describer hands over ----------------------------------------------------------------------------------------------------- */

/* What an index cannot hold, such as times that no film has, is a fault of the film. */
static gboolean
put_window (L4Index *index, L4IndexWindow *window, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (l4_index_put_window (index, window, &problem))
    return TRUE;
  if (g_error_matches (problem, L4_ERROR, L4_ERROR_INPUT))
    g_set_error_literal (error, L4_FILM_ERROR, L4_FILM_ERROR_UNSUPPORTED, problem->message);
  else
    g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

static gboolean
on_window (const L4DescribeWindow *described, gpointer user_data, GError **error)
{
  Job *job = user_data;
  const L4LibraryContext *context = &job->library->context;
  L4IndexWindow window = {
    .video = job->work->video->id,
    .run = job->work->run,
    .start = described->start,
    .end = described->end,
    .text = (char *) described->text,
    .record = (char *) described->json,
    .thumbnail = described->thumbnail,
  };

  if (described->start >= job->stretch->until)
    return FALSE;               /* from here on the index has all */
  if (described->start < job->stretch->from)
    return TRUE;                /* as it has what told where to go on */
  if (!put_window (context->index, &window, error))
    return FALSE;
  job->n_windows++;
  context->tally->counts[L4_TALLY_WINDOWS]++;
  l4_progress_window (context->progress, described->start, described->end, described->text, described->json);
  return TRUE;
}

static void
on_failed (guint64 start, guint64 end, const char *why, gpointer user_data)
{
  Job *job = user_data;

  if (start < job->stretch->from || start >= job->stretch->until)
    return;
  job->n_failed++;
  g_free (job->why);
  job->why = g_strdup (why);
  l4_progress_say (job->library->context.progress, "%s: %s", job->work->file->path, why);
}

static void
on_warning (const char *what, gpointer user_data)
{
  Job *job = user_data;

  l4_progress_say (job->library->context.progress, "%s: %s", job->work->file->path, what);
}

static void
on_notice (const char *what, gpointer user_data)
{
  l4_progress_say (((Job *) user_data)->library->context.progress, "%s", what);
}

static void
on_loading (guint percent, gpointer user_data)
{
  l4_progress_set_loading (((Job *) user_data)->library->context.progress, percent);
}

static void
on_tick (gpointer user_data)
{
  l4_progress_tick (((Job *) user_data)->library->context.progress);
}

static L4Film *
on_ahead (guint64 *from, gpointer user_data)
{
  Job *job = user_data;

  if (!job->last || *job->next != NULL || job->error != NULL)
    return NULL;
  *job->next = l4_library_next (job->library, FALSE, &job->error);
  if (*job->next == NULL)
    return NULL;
  *from = g_array_index ((*job->next)->missing, L4Stretch, 0).begin;
  return (*job->next)->film;
}

/* One film -------------------------------------------------------------------------------------------------------------------------- */

static gboolean
describe_missing (Job *job, L4Describer *describer, GError **error)
{
  static const L4DescribeFuncs funcs = { on_window, on_failed, on_warning, on_loading, on_tick, on_ahead, on_notice };
  const GArray *missing = job->work->missing;

  for (guint i = 0; i < missing->len; i++) {
    job->stretch = &g_array_index (missing, L4Stretch, i);
    job->last = i + 1 == missing->len;
    if (!l4_describer_run (describer, job->work->film, job->stretch->begin, &funcs, job, job->library->context.cancellable, error))
      return FALSE;
  }
  return TRUE;
}

/* What became of the file since it was looked at. */
typedef enum
{
  AS_IT_WAS,
  TOUCHED,                      /* another time, the same content */
  GONE,
  CHANGED
} Fate;

static Fate
find_fate (Job *job)
{
  L4Work *work = job->work;
  g_autofree char *key = NULL;
  g_autoptr (GError) problem = NULL;
  struct stat status;
  gint64 mtime;

  if (stat (work->file->path, &status) != 0)
    return GONE;
  mtime = (gint64) status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
  if ((guint64) status.st_size == work->size && mtime == work->mtime)
    return AS_IT_WAS;
  key = l4_film_get_key (work->file->path, NULL, &problem);     /* soon done, and what was said hangs on it */
  if (key == NULL && problem->code != L4_FILM_ERROR_CHANGED && problem->code != L4_FILM_ERROR_EMPTY)
    return GONE;                /* nobody knows: nothing is forgotten */
  if (key == NULL || !g_str_has_prefix (work->video->key, key))        /* a film that was once a twin has a longer one */
    return l4_film_is (work->film, work->size, work->mtime) ? GONE : CHANGED;   /* another film came to lie where it was */
  work->video->size = work->size = status.st_size;
  work->video->mtime = work->mtime = mtime;
  return TOUCHED;
}

/* Says why it failed; hopeless: it will, as long as the file stays as it is. */
static gboolean
settle_failed (Job *job, const char *reason, gboolean hopeless, GError **error)
{
  const L4LibraryContext *context = &job->library->context;

  if (!(hopeless ? l4_library_refuse (job->library, job->work->video, job->work->run, reason, error)
          : l4_index_settle (context->index, job->work->video->id, job->work->run, L4_INDEX_FAILED, reason, error)))
    return FALSE;
  l4_progress_end (context->progress, "failed", reason);
  l4_tally_note_failure (context->tally, job->work->file->path, reason);
  return TRUE;
}

static gboolean
settle_done (Job *job, GError **error)
{
  L4Library *library = job->library;
  const L4LibraryContext *context = &library->context;
  const L4IndexVideo *video = job->work->video;

  if (!l4_library_replace_sidecars (library, job->work->file, video, job->work->run, error)
      || !l4_index_settle (context->index, video->id, job->work->run, L4_INDEX_DONE, NULL, error))
    return FALSE;
  g_hash_table_add (library->done, g_memdup2 (&video->id, sizeof video->id));
  context->tally->counts[L4_TALLY_DESCRIBED]++;
  l4_progress_end (context->progress, "done", NULL);
  return TRUE;
}

/* The film was read to its end. */
static gboolean
settle_whole (Job *job, GError **error)
{
  const L4Stretch *first = &g_array_index (job->work->missing, L4Stretch, 0);

  if (job->n_failed > 0) {
    g_autofree char *reason = g_strdup_printf (_("windows that are missing: %u; the last one: %s"), job->n_failed, job->why);

    return settle_failed (job, reason, FALSE, error);
  }
  if (job->n_windows == 0 && job->work->missing->len == 1 && first->from == 0)
    return settle_failed (job, _("no picture in it can be shown"), TRUE, error);
  return settle_done (job, error);
}

/* It was not: problem, one of the film's. */
static gboolean
settle_broken (Job *job, const GError *problem, GError **error)
{
  const char *reason = l4_library_reason (problem, job->work->file->path);

  return settle_failed (job, reason, problem->code != L4_FILM_ERROR_IO && problem->code != L4_FILM_ERROR_CHANGED, error);
}

/* Only its time was changed: what it holds is what was described, and if reading stopped at that it goes on. */
static gboolean
settle_touched (Job *job, const GError *problem, GError **error)
{
  const L4LibraryContext *context = &job->library->context;

  if (!l4_index_put_video (context->index, job->work->video, error))
    return FALSE;
  if (problem == NULL)
    return settle_whole (job, error);
  if (problem->code != L4_FILM_ERROR_CHANGED || job->work->once_more)
    return settle_broken (job, problem, error);
  if (!l4_index_settle (context->index, job->work->video->id, job->work->run, L4_INDEX_BEGUN, NULL, error))
    return FALSE;
  l4_progress_end (context->progress, "stopped", NULL);
  l4_library_try_once_more (job->library, job->work);
  return TRUE;
}

/* Of a film that was not whole nothing is kept: what it is when it is whole has another content, and other last windows. */
static gboolean
settle_changed (Job *job, GError **error)
{
  const L4LibraryContext *context = &job->library->context;

  return l4_index_forget (context->index, job->work->video->id, job->work->run, error)
      && settle_failed (job, _("changed while it was described"), FALSE, error);
}

/* The run cannot go on, or was cancelled. */
static gboolean
settle_begun (Job *job)
{
  const L4LibraryContext *context = &job->library->context;

  l4_progress_end (context->progress, "stopped", NULL);
  l4_index_hurry (context->index, NULL);        /* what is not given back is free when this process is no more */
  l4_index_settle (context->index, job->work->video->id, job->work->run, L4_INDEX_BEGUN, NULL, NULL);
  return FALSE;
}

/* problem: why describing ended; NULL: the film did. */
static gboolean
settle (Job *job, const GError *problem, GError **error)
{
  if (g_error_matches (problem, L4_INDEX_ERROR, L4_INDEX_ERROR_TAKEN)) {
    g_propagate_error (error, g_error_copy (problem));
    return FALSE;
  }
  if (problem != NULL && (problem->domain != L4_FILM_ERROR || problem->code == L4_FILM_ERROR_CANCELLED)) {
    g_propagate_error (error, g_error_copy (problem));
    return settle_begun (job);
  }
  switch (find_fate (job)) {
    case CHANGED:
      return settle_changed (job, error);
    case TOUCHED:
      return settle_touched (job, problem, error);
    case GONE:                 /* perhaps to another place, where it will be known again */
      return settle_failed (job, _("went away while it was described"), FALSE, error);
    case AS_IT_WAS:
      break;
  }
  return problem != NULL ? settle_broken (job, problem, error) : settle_whole (job, error);
}

/* This process was not heard of for a minute, and another one has the film now, which is nothing to the other films. */
static gboolean
settle_taken (Job *job)
{
  const L4LibraryContext *context = &job->library->context;

  l4_progress_end (context->progress, "stopped", _("another run has taken it over, and goes on with it"));
  context->tally->counts[L4_TALLY_BUSY]++;
  return TRUE;
}

gboolean
l4_library_describe (L4Library *self, L4Describer *describer, L4Work *given, L4Work **next, GError **error)
{
  g_autoptr (L4Work) work = given;
  g_autoptr (GError) problem = NULL, trouble = NULL;
  const guint64 from = g_array_index (work->missing, L4Stretch, 0).from;
  Job job = { self, work, .next = next };
  gboolean goes_on;

  *next = NULL;
  self->at_work = work->video->id;
  l4_progress_begin (self->context.progress, work->file->path, work->size, from, work->video->duration);
  describe_missing (&job, describer, &problem);
  goes_on = settle (&job, problem, &trouble) || (g_error_matches (trouble, L4_INDEX_ERROR, L4_INDEX_ERROR_TAKEN) && settle_taken (&job));
  self->at_work = 0;
  g_free (job.why);
  if (goes_on && job.error == NULL)
    return TRUE;
  g_propagate_error (error, goes_on ? g_steal_pointer (&job.error) : g_steal_pointer (&trouble));
  g_clear_error (&job.error);
  return FALSE;
}

void
l4_library_give_back (L4Library *self, L4Work *work)
{
  if (work != NULL && !self->context.look_only)
    l4_index_settle (self->context.index, work->video->id, work->run, L4_INDEX_BEGUN, NULL, NULL);
  l4_work_free (work);
}
