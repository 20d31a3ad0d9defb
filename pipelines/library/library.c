/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is to do with each file of an archive. */

#include "library/library-private.h"

#include <string.h>

#include "base/i18n.h"
#include "llama4.h"

/* What changed so lately is looked at last, and not before it has been left alone for as long. */
#define FRESH (2 * G_USEC_PER_SEC)

/* A file that may need something. */
typedef struct
{
  const L4ScanFile *file;
  guint64 size;
  gint64 mtime;
  gint64 fresh_until;           /* monotonic time; 0: it did not change lately */
  gboolean once_more;
} Pending;

L4Library *
l4_library_new (const L4LibraryContext *context)
{
  L4Library *self = g_new0 (L4Library, 1);

  self->context = *context;
  self->pending = g_ptr_array_new_with_free_func (g_free);
  self->done = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->nameless = g_hash_table_new (NULL, NULL);
  return self;
}

void
l4_library_free (L4Library *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->pending);
  g_hash_table_unref (self->done);
  g_hash_table_unref (self->nameless);
  g_free (self);
}

void
l4_work_free (L4Work *self)
{
  if (self == NULL)
    return;
  l4_index_video_free (self->video);
  l4_film_close (self->film);
  g_clear_pointer (&self->missing, g_array_unref);
  g_free (self);
}

/* Survey ---------------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_done (const L4Standing *standing)
{
  return standing->progress.state == L4_INDEX_DONE;
}

/* No film, for a reason that stays as long as the file does: a film that was opened once has facts. */
static gboolean
is_hopeless (const L4Library *self, const L4IndexVideo *video, const L4Standing *standing)
{
  return standing->progress.state == L4_INDEX_FAILED && video->container == NULL && !self->context.again;
}

/* Whether the file is as the index has it, and needs nothing. */
static gboolean
needs_nothing (L4Library *self, const Pending *pending, gboolean *nothing, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (L4IndexVideo) video = NULL;
  g_auto (L4Standing) standing = { 0 };

  *nothing = FALSE;
  if (self->context.index == NULL)
    return TRUE;
  video = l4_index_find_path (self->context.index, pending->file->path, &problem);
  if (problem != NULL) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  if (video == NULL || video->size != pending->size || video->mtime != pending->mtime)
    return TRUE;
  if (!l4_library_find_standing (self, video->id, &standing, error))
    return FALSE;
  if (is_done (&standing) && l4_library_has_sidecars (self, pending->file, video)) {
    *nothing = TRUE;
    self->context.tally->counts[L4_TALLY_UNCHANGED]++;
  } else if (is_hopeless (self, video, &standing)) {
    *nothing = TRUE;
    self->context.tally->counts[L4_TALLY_KNOWN]++;
  }
  return TRUE;
}

static int
compare_freshness (gconstpointer one, gconstpointer other)
{
  const Pending *a = *(Pending *const *) one, *b = *(Pending *const *) other;

  return (a->fresh_until != 0) - (b->fresh_until != 0);
}

/* In one folder of side files films of different folders may have the same name: the first has them. */
static void
find_nameless (L4Library *self, const GPtrArray *files)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  if (self->context.output == NULL || self->context.sidecars == 0)
    return;
  for (guint i = 0; i < files->len; i++) {
    L4ScanFile *file = g_ptr_array_index (files, i);

    if (g_hash_table_add (names, (gpointer) file->relative))
      continue;
    g_hash_table_add (self->nameless, file);
    l4_tally_fail (self->context.tally, self->context.progress, file->path, _("gets no side files: those of another film have their names"));
  }
}

gboolean
l4_library_survey (L4Library *self, const GPtrArray *files, GError **error)
{
  guint64 bytes = 0;

  self->files = files;
  find_nameless (self, files);
  for (guint i = 0; i < files->len && !g_cancellable_is_cancelled (self->context.cancellable); i++) {
    Pending pending = { g_ptr_array_index (files, i) };
    gboolean nothing;

    if (!l4_library_look (self, pending.file->path, &pending.size, &pending.mtime))
      continue;
    if (!needs_nothing (self, &pending, &nothing, error))
      return FALSE;
    if (nothing)
      continue;
    if (ABS (g_get_real_time () - pending.mtime / 1000) < FRESH)
      pending.fresh_until = g_get_monotonic_time () + FRESH;
    g_ptr_array_add (self->pending, g_memdup2 (&pending, sizeof pending));
    bytes += pending.size;
  }
  g_ptr_array_sort (self->pending, compare_freshness);  /* which keeps the order of the rest */
  l4_progress_set_total (self->context.progress, self->pending->len, bytes);
  return TRUE;
}

void
l4_library_try_once_more (L4Library *self, const L4Work *work)
{
  Pending pending = { work->file,.once_more = TRUE };

  if (l4_library_look (self, pending.file->path, &pending.size, &pending.mtime))
    g_ptr_array_add (self->pending, g_memdup2 (&pending, sizeof pending));
}

/* One file -------------------------------------------------------------------------------------------------------------------------- */

/* Tells why a file is no film, in the index too, unless another time may tell more. */
static gboolean
refuse (L4Library *self, L4Identity *identity, gint64 run, const char *path, const GError *problem, GError **error)
{
  const char *reason = l4_library_reason (problem, path);

  l4_tally_fail (self->context.tally, self->context.progress, path, reason);
  if (self->context.look_only || problem->domain != L4_FILM_ERROR || problem->code == L4_FILM_ERROR_GONE
      || problem->code == L4_FILM_ERROR_IO || problem->code == L4_FILM_ERROR_CHANGED)
    return TRUE;
  return l4_library_keep (self, identity, error)
      && l4_index_settle (self->context.index, identity->video->id, run, L4_INDEX_FAILED, reason, error);
}

static void
learn_facts (L4IndexVideo *video, const L4FilmFacts *facts)
{
  g_free (video->container);
  g_free (video->codec);
  video->container = g_strdup (facts->container);
  video->codec = g_strdup (facts->codec);
  video->width = facts->width;
  video->height = facts->height;
  video->duration = facts->duration;
}

/* Takes the film for this process, and sees how far it is then. FALSE in *needed: another run has it, or has just done it. */
static gboolean
claim (L4Library *self, const L4IndexVideo *video, L4Standing *standing, gboolean *needed, GError **error)
{
  const L4LibraryContext *context = &self->context;
  gboolean taken;

  *needed = TRUE;
  if (context->look_only)
    return TRUE;
  if (!l4_index_claim (context->index, video->id, context->run, &taken, error)
      || (taken && !l4_library_find_standing (self, video->id, standing, error)))
    return FALSE;
  *needed = taken && !is_done (standing);
  if (!*needed)
    context->tally->counts[taken ? L4_TALLY_UNCHANGED : L4_TALLY_BUSY]++;
  return !taken || *needed || l4_index_settle (context->index, video->id, context->run, L4_INDEX_DONE, NULL, error);
}

/* A film that is described, where nothing but its side files may be missing or old. Whenever the run ends before the index knows where the film
 * lies now, the next one comes by here again. */
static gboolean
settle_done (L4Library *self, const L4ScanFile *file, L4Identity *identity, GError **error)
{
  L4TallyKind kind = identity->copy ? L4_TALLY_COPIES : identity->moved ? L4_TALLY_MOVED : L4_TALLY_UNCHANGED;

  self->context.tally->counts[kind]++;
  return self->context.look_only || (l4_library_renew_sidecars (self, file, identity->video, error) && l4_library_keep (self, identity, error));
}

/* Opens and claims it. *work NULL: it is no film, or another run has it. */
static gboolean
open_film (L4Library *self, const Pending *pending, L4Identity *identity, L4Standing *standing, L4Work **work, GError **error)
{
  const char *path = pending->file->path;
  g_autoptr (GError) problem = NULL;
  g_autoptr (L4Work) opened = g_new0 (L4Work, 1);
  gboolean needed;

  opened->film = l4_film_open (path, self->context.cancellable, &problem);
  if (opened->film == NULL && g_cancellable_is_cancelled (self->context.cancellable)) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  if (opened->film == NULL)
    return refuse (self, identity, standing->run, path, problem, error);
  learn_facts (identity->video, l4_film_get_facts (opened->film));
  if (!l4_library_keep (self, identity, error) || !claim (self, identity->video, standing, &needed, error))
    return FALSE;
  if (!needed)
    return TRUE;
  opened->file = pending->file;
  opened->size = pending->size;
  opened->mtime = pending->mtime;
  opened->once_more = pending->once_more;
  opened->run = standing->run;
  opened->missing = l4_library_find_missing (self, identity->video->id, standing->run, error);
  opened->video = g_steal_pointer (&identity->video);
  if (opened->missing == NULL)
    return FALSE;
  *work = g_steal_pointer (&opened);
  return TRUE;
}

/* Waits until the file has been left alone for a while. FALSE: it was not, which is tallied, or cancelled. */
static gboolean
settle_down (L4Library *self, Pending *pending)
{
  const gint64 left = pending->fresh_until - g_get_monotonic_time ();
  GPollFD polled;
  guint64 size;
  gint64 mtime;

  if (left > 0 && g_cancellable_make_pollfd (self->context.cancellable, &polled)) {
    g_poll (&polled, 1, (left + 999) / 1000);
    g_cancellable_release_fd (self->context.cancellable);
  }
  if (g_cancellable_is_cancelled (self->context.cancellable) || !l4_library_look (self, pending->file->path, &size, &mtime))
    return FALSE;
  if (pending->fresh_until != 0 && (size != pending->size || mtime != pending->mtime)) {
    l4_tally_fail (self->context.tally, self->context.progress, pending->file->path, _("is still being written"));
    return FALSE;
  }
  pending->size = size;
  pending->mtime = mtime;
  return TRUE;
}

/* *work NULL: nothing is to be described of it, or *later: not before what is at work has ended, whose copy it is. */
static gboolean
take_up (L4Library *self, Pending *pending, L4Work **work, gboolean *later, GError **error)
{
  g_auto (L4Identity) identity = { 0 };
  g_auto (L4Standing) standing = { 0 };
  g_autoptr (GError) problem = NULL;

  if (!settle_down (self, pending))
    return TRUE;
  if (!l4_library_identify (self, pending->file->path, pending->size, pending->mtime, &identity, &problem)) {
    if (problem == NULL)
      return TRUE;
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  *later = identity.video->id != 0 && identity.video->id == self->at_work;
  if (*later)
    return TRUE;
  if (!l4_library_find_standing (self, identity.video->id, &standing, error)
      || !l4_library_move_sidecars (self, pending->file, &identity, error))
    return FALSE;
  if (is_done (&standing))
    return settle_done (self, pending->file, &identity, error);
  if (!is_hopeless (self, identity.video, &standing))
    return open_film (self, pending, &identity, &standing, work, error);
  self->context.tally->counts[L4_TALLY_KNOWN]++;
  return l4_library_keep (self, &identity, error);
}

/* What another run is describing can be neither refused nor removed meanwhile. */
static gboolean
pass_taken (L4Library *self, const GError *problem)
{
  if (!g_error_matches (problem, L4_INDEX_ERROR, L4_INDEX_ERROR_TAKEN))
    return FALSE;
  self->context.tally->counts[L4_TALLY_BUSY]++;
  return TRUE;
}

/* Nor is what the index cannot hold of one, such as a path that is too long for its server, in the way of the others. */
static gboolean
pass_unheld (L4Library *self, const Pending *pending, const GError *problem)
{
  if (!g_error_matches (problem, L4_ERROR, L4_ERROR_INPUT))
    return FALSE;
  l4_tally_fail (self->context.tally, self->context.progress, pending->file->path, problem->message);
  return TRUE;
}

L4Work *
l4_library_next (L4Library *self, gboolean may_wait, GError **error)
{
  while (self->n_taken < self->pending->len && !g_cancellable_is_cancelled (self->context.cancellable)) {
    Pending *pending = g_ptr_array_index (self->pending, self->n_taken);
    g_autoptr (GError) problem = NULL;
    L4Work *work = NULL;
    gboolean later = FALSE;

    if (!may_wait && pending->fresh_until > g_get_monotonic_time ())
      return NULL;
    if (!take_up (self, pending, &work, &later, &problem) && !pass_taken (self, problem) && !pass_unheld (self, pending, problem)) {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
    if (later)
      return NULL;
    self->n_taken++;
    if (work != NULL)
      return work;
    l4_progress_pass (self->context.progress, pending->size);
    l4_progress_tick (self->context.progress);
  }
  return NULL;
}
