/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pictures of a conversation as picture tokens; those seen lately are not encoded again. */

#include "engine/pictures.h"

#include <string.h>

#include "base/memory.h"
#include "engine/footprint.h"
#include "engine/prune.h"
#include "vision/picture.h"

typedef struct
{
  guint8 digest[L4_PICTURE_DIGEST];
  gint64 n_tiles;
  float *features;              /* [n_tiles * tokens_per_tile, hidden] */
} Kept;

struct _L4PictureCache
{
  GQueue kept;                  /* Kept, the one used last first */
  gint64 n_tiles;
};

static void
kept_free (gpointer data)
{
  Kept *self = data;

  l4_free (self->features);
  g_free (self);
}

L4PictureCache *
l4_picture_cache_new (void)
{
  L4PictureCache *self = g_new0 (L4PictureCache, 1);

  g_queue_init (&self->kept);
  return self;
}

void
l4_picture_cache_free (L4PictureCache *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->kept, kept_free);
  g_free (self);
}

static const Kept *
find_kept (L4PictureCache *self, const guint8 *digest)
{
  for (GList *at = self->kept.head; at != NULL; at = at->next) {
    Kept *kept = at->data;

    if (memcmp (kept->digest, digest, L4_PICTURE_DIGEST) == 0) {
      g_queue_unlink (&self->kept, at);
      g_queue_push_head_link (&self->kept, at);
      return kept;
    }
  }
  return NULL;
}

/* Keeps a copy, and forgets the ones used longest ago. No memory for it: then not. */
static void
keep (L4PictureCache *self, const guint8 *digest, gint64 n_tiles, const float *features, gsize bytes)
{
  float *copy = n_tiles <= L4_KEPT_TILES ? l4_alloc_raw (bytes, _("pictures"), NULL) : NULL;
  Kept *kept;

  if (copy == NULL)
    return;
  kept = g_new (Kept, 1);
  memcpy (copy, features, bytes);
  memcpy (kept->digest, digest, L4_PICTURE_DIGEST);
  kept->n_tiles = n_tiles;
  kept->features = copy;
  g_queue_push_head (&self->kept, kept);
  self->n_tiles += n_tiles;
  while (self->n_tiles > L4_KEPT_TILES) {
    Kept *last = g_queue_pop_tail (&self->kept);

    self->n_tiles -= last->n_tiles;
    kept_free (last);
  }
}

/* Equal pictures on equal canvases become equal tiles. */
static void
digest_picture (const L4Picture *picture, const L4Canvas *canvas, guint8 *digest)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  const guint32 sizes[] = { picture->width, picture->height, canvas->width, canvas->height, canvas->grid.rows, canvas->grid.cols };
  gsize length = L4_PICTURE_DIGEST;

  g_checksum_update (checksum, (const guchar *) sizes, sizeof sizes);
  for (guint y = 0; y < picture->height; y++)
    g_checksum_update (checksum, picture->pixels + y * picture->stride, (gssize) picture->width * 3);
  g_checksum_get_digest (checksum, digest, &length);
}

static gboolean
encode_picture (const L4Llama *model, const L4Picture *picture, const L4Canvas *canvas, float *features,
    GCancellable *cancellable, GError **error)
{
  const L4VisionConfig *config = &model->config->vision;
  gsize tile_size = config->channels * config->image_size * config->image_size;
  l4_autofree float *tiles = l4_alloc (canvas->n_tiles * tile_size * sizeof (float), _("picture"), error);

  return tiles != NULL && l4_picture_prepare (config, canvas, picture, tiles, error)
      && l4_vision_encoder_forward (model->vision, model->compute, tiles, canvas->n_tiles, features, cancellable, error);
}

/* Takes note of the pictures of all messages, in order. */
static void
collect (L4Pictures *self, const L4Message *messages, gsize n_messages)
{
  GPtrArray *shown = g_ptr_array_new ();

  for (gsize m = 0; m < n_messages; m++)
    for (gsize p = 0; p < messages[m].n_parts; p++)
      if (messages[m].parts[p].text == NULL)
        g_ptr_array_add (shown, (gpointer) & messages[m].parts[p].picture);
  self->n_pictures = shown->len;
  self->shown = (const L4Picture **) g_ptr_array_free (shown, FALSE);
}

/* How many of the pictures, from the first one on, have all that is shown of them among the first `held` tokens that are shown. */
static gsize
count_held (const L4VisionConfig *config, const L4Pictures *self, gint64 held)
{
  gint64 per_tile = l4_vision_tokens_per_tile (config), at = 0, shown = 0;

  for (gsize i = 0; i < self->n_pictures; i++) {
    for (; at < self->first_tile[i + 1] * per_tile; at++)
      shown += !self->dropped[at];
    if (shown > held)
      return i;
  }
  return self->n_pictures;
}

/* Whether picture number i was seen lately, or stands further up in the same conversation among those from number `first` on, which will have
 * been encoded by then. */
static gboolean
is_known (L4PictureCache *cache, const L4Pictures *self, gsize first, gsize i)
{
  for (gsize earlier = first; earlier < i; earlier++)
    if (memcmp (self->digests[earlier], self->digests[i], L4_PICTURE_DIGEST) == 0)
      return TRUE;
  return find_kept (cache, self->digests[i]) != NULL;
}

/* Which of the pictures' tokens are shown. */
static void
choose_tokens (const L4VisionConfig *config, double prune, L4Pictures *self)
{
  self->n_tokens = self->n_tiles * l4_vision_tokens_per_tile (config);
  self->dropped = g_new0 (gboolean, self->n_tokens);
  self->n_dropped = l4_prune_mark (config, self->shown, self->canvases, self->n_pictures, prune, self->dropped);
  self->n_tokens -= self->n_dropped;
}

/* Of the rows of all tokens those that are shown remain. */
static void
drop_rows (L4Pictures *self, gsize hidden)
{
  gint64 to = 0;

  for (gint64 from = 0; self->n_dropped > 0 && from < self->n_tokens + self->n_dropped; from++)
    if (!self->dropped[from])
      memmove (self->features + to++ * hidden, self->features + from * hidden, hidden * sizeof (float));
}

void
l4_pictures_count (const L4Llama *model, L4PictureCache *cache, L4Pictures *pictures, gint64 held)
{
  gsize n_held = pictures->n_pictures > 0 ? count_held (&model->config->vision, pictures, held) : 0;

  pictures->n_reused = n_held;
  pictures->n_new_tiles = 0;
  for (gsize i = n_held; i < pictures->n_pictures; i++)
    if (is_known (cache, pictures, n_held, i))
      pictures->n_reused++;
    else
      pictures->n_new_tiles += pictures->canvases[i].n_tiles;
}

gboolean
l4_pictures_find (const L4Llama *model, L4PictureCache *cache, const L4Message *messages, gsize n_messages, guint max_tiles,
    double prune, L4Pictures *pictures, GError **error)
{
  const L4VisionConfig *config = &model->config->vision;

  collect (pictures, messages, n_messages);
  if (pictures->n_pictures == 0)
    return TRUE;
  if (!l4_llama_can_look (model, error))
    return FALSE;
  pictures->canvases = g_new0 (L4Canvas, pictures->n_pictures);
  pictures->grids = g_new (L4Grid, pictures->n_pictures);
  pictures->digests = g_malloc (pictures->n_pictures * sizeof *pictures->digests);
  pictures->first_tile = g_new0 (gint64, pictures->n_pictures + 1);
  for (gsize i = 0; i < pictures->n_pictures; i++) {
    const L4Picture *picture = pictures->shown[i];
    L4Canvas *canvas = &pictures->canvases[i];

    l4_canvas_choose (config, max_tiles > 0 ? MIN (max_tiles, config->max_patches) : config->max_patches, picture->width,
        picture->height, canvas);
    digest_picture (picture, canvas, pictures->digests[i]);
    pictures->grids[i] = canvas->grid;
    pictures->first_tile[i] = pictures->n_tiles;
    pictures->n_tiles += canvas->n_tiles;
  }
  pictures->first_tile[pictures->n_pictures] = pictures->n_tiles;
  choose_tokens (config, prune, pictures);
  l4_pictures_count (model, cache, pictures, 0);
  return TRUE;
}

gboolean
l4_pictures_encode (const L4Llama *model, L4PictureCache *cache, L4Pictures *pictures, gint64 held, GCancellable *cancellable, GError **error)
{
  gsize tile, n_held;

  if (pictures->n_pictures == 0)        /* the model may have no vision part */
    return TRUE;
  tile = l4_vision_tokens_per_tile (&model->config->vision) * model->config->text.hidden;
  pictures->features = l4_alloc_raw (pictures->n_tiles * tile * sizeof (float), _("pictures"), error);
  if (pictures->features == NULL)
    return FALSE;
  n_held = count_held (&model->config->vision, pictures, held);
  pictures->n_reused = n_held;
  pictures->n_new_tiles = 0;    /* what was known may be forgotten on the way */
  for (gsize i = n_held; i < pictures->n_pictures; i++) {
    const L4Canvas *canvas = &pictures->canvases[i];
    float *features = pictures->features + pictures->first_tile[i] * tile;
    gsize bytes = canvas->n_tiles * tile * sizeof (float);
    const Kept *kept = find_kept (cache, pictures->digests[i]);

    if (kept != NULL) {
      memcpy (features, kept->features, bytes);
      pictures->n_reused++;
      continue;
    }
    if (!encode_picture (model, pictures->shown[i], canvas, features, cancellable, error))
      return FALSE;
    keep (cache, pictures->digests[i], canvas->n_tiles, features, bytes);
    pictures->n_new_tiles += canvas->n_tiles;
  }
  drop_rows (pictures, model->config->text.hidden);
  return TRUE;
}

void
l4_pictures_clear (L4Pictures *self)
{
  g_free (self->shown);
  g_free (self->canvases);
  g_free (self->grids);
  g_free (self->digests);
  g_free (self->first_tile);
  g_free (self->dropped);
  l4_free (self->features);
  *self = (L4Pictures) { 0 };
}
