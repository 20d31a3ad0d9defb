/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files there are to look at: files, folders with all that is below them, lists. */

#include "scan/scan-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/i18n.h"
#include "llama4.h"

struct _L4Scan
{
  gboolean hidden;
  L4ScanProblem problem;
  gpointer user_data;
  GPtrArray *files;             /* of Found */
  GPtrArray *links;             /* of Link, found in folders */
  gsize root;                   /* bytes of the folder's path that was given, and the slash behind it */
  GPtrArray *roots;             /* these, of all that was given */
  GHashTable *known_roots;      /* the same, borrowed: of many files in a folder it is kept once */
  gboolean following;           /* what is found now is behind one */
  GHashTable *folders;          /* of Place, of every one read */
  guint hidden_files, hidden_folders;
};

/* What a file is the same by, whatever its names. */
typedef struct
{
  dev_t device;
  ino_t number;
} Place;

typedef struct
{
  L4ScanFile base;
  Place place;
  gboolean link;                /* found by following one */
} Found;

typedef struct
{
  char *path;                   /* absolute */
  gsize root;                   /* of the scan when it was found */
} Link;

static void
link_free (gpointer data)
{
  Link *self = data;

  g_free (self->path);
  g_free (self);
}

static guint
place_hash (gconstpointer data)
{
  const Place *self = data;

  return (guint) (self->number ^ self->number >> 32) * 31 + (guint) self->device;
}

static gboolean
place_equal (gconstpointer one, gconstpointer other)
{
  const Place *a = one, *b = other;

  return a->device == b->device && a->number == b->number;
}

static void
found_free (gpointer data)
{
  Found *self = data;

  if (self == NULL)
    return;
  g_free (self->base.path);
  g_free (self);
}

L4Scan *
l4_scan_new (gboolean hidden, L4ScanProblem problem, gpointer user_data)
{
  L4Scan *self = g_new0 (L4Scan, 1);

  self->hidden = hidden;
  self->problem = problem;
  self->user_data = user_data;
  self->files = g_ptr_array_new_with_free_func (found_free);
  self->links = g_ptr_array_new_with_free_func (link_free);
  self->roots = g_ptr_array_new_with_free_func (g_free);
  self->known_roots = g_hash_table_new (g_str_hash, g_str_equal);
  self->folders = g_hash_table_new_full (place_hash, place_equal, g_free, NULL);
  return self;
}

void
l4_scan_free (L4Scan *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->files);
  g_ptr_array_unref (self->links);
  g_hash_table_unref (self->known_roots);
  g_ptr_array_unref (self->roots);
  g_hash_table_unref (self->folders);
  g_free (self);
}

G_GNUC_PRINTF (3, 4)
static void
tell (L4Scan *self, const char *path, const char *format, ...)
{
  g_autofree char *why = NULL, *line = NULL;
  va_list args;

  va_start (args, format);
  why = g_strdup_vprintf (format, args);
  va_end (args);
  line = g_strdup_printf ("%s: %s", path, why);
  self->problem (line, self->user_data);
}

/* FALSE: it is in the set. */
static gboolean
add_place (GHashTable *set, const struct stat *status)
{
  Place place = { status->st_dev, status->st_ino };

  if (g_hash_table_contains (set, &place))
    return FALSE;
  return g_hash_table_add (set, g_memdup2 (&place, sizeof place));
}

static void
take_file (L4Scan *self, const char *path, const struct stat *status)
{
  Found *found;

  if (!S_ISREG (status->st_mode)) {
    tell (self, path, _("is not a file"));
    return;
  }
  found = g_new0 (Found, 1);
  found->base.path = g_strdup (path);
  found->base.relative = found->base.path + self->root;
  found->place = (Place) { status->st_dev, status->st_ino };
  found->link = self->following;
  g_ptr_array_add (self->files, found);
}

/* Folders -------------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_left_out (L4Scan *self, const char *name, gboolean folder)
{
  if (self->hidden || !l4_scan_is_hidden_name (name))
    return FALSE;
  if (folder)
    self->hidden_folders++;
  else
    self->hidden_files += l4_scan_is_film_name (name);
  return TRUE;
}

static void
take_link (L4Scan *self, const char *path)
{
  Link *found = g_new0 (Link, 1);

  found->path = g_strdup (path);
  found->root = self->root;
  g_ptr_array_add (self->links, found);
}

/* One name in a folder. Only what may be a film is asked for more than its name. */
static void
scan_entry (L4Scan *self, const char *folder, const struct dirent *entry, GPtrArray *below)
{
  g_autofree char *path = NULL;
  int type = entry->d_type;
  struct stat status;

  if (g_str_equal (entry->d_name, ".") || g_str_equal (entry->d_name, ".."))
    return;
  path = g_build_filename (folder, entry->d_name, NULL);
  if (type == DT_UNKNOWN && lstat (path, &status) == 0)
    type = IFTODT (status.st_mode);
  if (is_left_out (self, entry->d_name, type == DT_DIR))
    return;
  if (type == DT_DIR)
    g_ptr_array_add (below, g_steal_pointer (&path));
  else if (type == DT_LNK)
    take_link (self, path);
  else if (!l4_scan_is_film_name (entry->d_name))
    return;
  else if (stat (path, &status) == 0)
    take_file (self, path, &status);
  else
    tell (self, path, "%s", g_strerror (errno));
}

/* The folders in a folder. NULL: it was read before, or cannot be. (transfer full) */
static GPtrArray *
read_folder (L4Scan *self, const char *path, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) below = g_ptr_array_new_with_free_func (g_free);
  DIR *folder = opendir (path);
  const struct dirent *entry = NULL;
  gboolean is_new = FALSE;
  struct stat status;

  if (folder == NULL || fstat (dirfd (folder), &status) != 0) {
    tell (self, path, "%s", g_strerror (errno));
  } else if ((is_new = add_place (self->folders, &status))) {
    while (!g_cancellable_is_cancelled (cancellable) && (errno = 0, entry = readdir (folder)) != NULL)
      scan_entry (self, path, entry, below);
    if (entry == NULL && errno != 0)
      tell (self, path, "%s", g_strerror (errno));
  }
  if (folder != NULL)
    closedir (folder);
  return is_new ? g_steal_pointer (&below) : NULL;
}

/* None stays open while those below are read. */
static gboolean
scan_folder (L4Scan *self, const char *path, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) below = read_folder (self, path, cancellable);

  for (guint i = 0; below != NULL && i < below->len; i++)
    if (!scan_folder (self, g_ptr_array_index (below, i), cancellable))
      return FALSE;
  return !g_cancellable_is_cancelled (cancellable);
}

/* Links ---------------------------------------------------------------------------------------------------------------------------- */

/* One that leads nowhere is told of if a film, or a folder of films, may have been there. */
static gboolean
follow (L4Scan *self, const char *path, GCancellable *cancellable)
{
  g_autofree char *name = g_path_get_basename (path);
  gboolean film = l4_scan_is_film_name (name);
  struct stat status;

  if (stat (path, &status) != 0) {
    if (film || strchr (name, '.') == NULL)
      tell (self, path, "%s", errno == ENOENT ? _("is a link to nothing") : errno == ELOOP ? _("is a link to itself") : g_strerror (errno));
    return TRUE;
  }
  if (S_ISDIR (status.st_mode))
    return scan_folder (self, path, cancellable);
  if (film)
    take_file (self, path, &status);
  return TRUE;
}

/* Paths in -------------------------------------------------------------------------------------------------------------------------- */

static void
add_root (L4Scan *self, const char *path, gsize length)
{
  g_autofree char *start = g_strndup (path, length), *root = g_strconcat (start, g_str_has_suffix (start, "/") ? "" : "/", NULL);

  if (g_hash_table_contains (self->known_roots, root))
    return;
  g_hash_table_add (self->known_roots, root);
  g_ptr_array_add (self->roots, g_steal_pointer (&root));
}

/* Nothing is no path: taken for one, it would be the folder that we are in. */
gboolean
l4_scan_add (L4Scan *self, const char *path, GCancellable *cancellable)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  const gsize parent = strrchr (absolute, '/') + 1 - absolute;
  struct stat status = { 0 };
  int problem = stat (absolute, &status) == 0 ? 0 : errno;

  if (*path == '\0') {
    tell (self, "\"\"", "%s", g_strerror (ENOENT));
    return !g_cancellable_is_cancelled (cancellable);
  }
  if (problem != 0 || S_ISDIR (status.st_mode))
    add_root (self, absolute, strlen (absolute));
  if (!S_ISDIR (status.st_mode))
    add_root (self, absolute, parent);
  if (problem != 0) {
    tell (self, path, "%s", g_strerror (problem));
  } else if (S_ISDIR (status.st_mode)) {
    self->root = strlen (absolute) + (absolute[1] != '\0');
    return scan_folder (self, absolute, cancellable);
  } else {
    self->root = parent;
    take_file (self, absolute, &status);
  }
  return !g_cancellable_is_cancelled (cancellable);
}

static int
compare_links (gconstpointer one, gconstpointer other)
{
  return strcmp ((*(Link *const *) one)->path, (*(Link *const *) other)->path);
}

static int
compare_found (gconstpointer one, gconstpointer other)
{
  const Found *a = *(Found *const *) one, *b = *(Found *const *) other;

  return a->link != b->link ? a->link - b->link : strcmp (a->base.path, b->base.path);
}

static int
compare_files (gconstpointer one, gconstpointer other)
{
  return strcmp ((*(Found *const *) one)->base.path, (*(Found *const *) other)->base.path);
}

/* Of several names of a file the first stays, and one that needs no link before one that does. */
static void
leave_out_twins (L4Scan *self)
{
  g_autoptr (GPtrArray) files = g_steal_pointer (&self->files);
  g_autoptr (GHashTable) seen = g_hash_table_new (place_hash, place_equal);     /* goes before what it points to */

  self->files = g_ptr_array_new_with_free_func (found_free);
  g_ptr_array_sort (files, compare_found);
  for (guint i = 0; i < files->len; i++) {
    Found *found = g_ptr_array_index (files, i);

    if (!g_hash_table_add (seen, &found->place))
      continue;
    g_ptr_array_add (self->files, found);
    files->pdata[i] = NULL;
  }
  g_ptr_array_sort (self->files, compare_files);
}

gboolean
l4_scan_finish (L4Scan *self, GCancellable *cancellable)
{
  self->following = TRUE;
  while (self->links->len > 0) {        /* folders behind links may have further ones */
    g_autoptr (GPtrArray) links = g_steal_pointer (&self->links);

    self->links = g_ptr_array_new_with_free_func (link_free);
    g_ptr_array_sort (links, compare_links);
    for (guint i = 0; i < links->len; i++) {
      const Link *found = g_ptr_array_index (links, i);

      self->root = found->root;
      if (!follow (self, found->path, cancellable))
        return FALSE;
    }
  }
  leave_out_twins (self);
  return !g_cancellable_is_cancelled (cancellable);
}

const GPtrArray *
l4_scan_get_files (const L4Scan *self)
{
  return self->files;
}

const GPtrArray *
l4_scan_get_roots (const L4Scan *self)
{
  return self->roots;
}

void
l4_scan_get_hidden (const L4Scan *self, guint *files, guint *folders)
{
  *files = self->hidden_files;
  *folders = self->hidden_folders;
}
