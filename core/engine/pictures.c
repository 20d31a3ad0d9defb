/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pictures of a conversation as picture tokens; those seen lately are not encoded again. */

#include "engine/pictures.h"

#include <string.h>

#include "base/memory.h"
#include "engine/footprint.h"
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

/* The pictures of all messages in order: elements are L4Picture, borrowed. (transfer full) */
static GPtrArray *
collect (const L4Message *messages, gsize n_messages)
{
  GPtrArray *shown = g_ptr_array_new ();

  for (gsize m = 0; m < n_messages; m++)
    for (gsize p = 0; p < messages[m].n_parts; p++)
      if (messages[m].parts[p].text == NULL)
        g_ptr_array_add (shown, (gpointer) & messages[m].parts[p].picture);
  return shown;
}

/* Tiles of one picture after another, from the cache or by the encoder. */
static gboolean
encode_all (const L4Llama *model, L4PictureCache *cache, const GPtrArray *shown, const L4Canvas *canvases, L4Pictures *pictures,
    GCancellable *cancellable, GError **error)
{
  gsize tile = l4_vision_tokens_per_tile (&model->config->vision) * model->config->text.hidden;

  for (guint i = 0; i < shown->len; i++) {
    const L4Picture *picture = g_ptr_array_index (shown, i);
    float *features = pictures->features + pictures->first_tile[i] * tile;
    gsize bytes = canvases[i].n_tiles * tile * sizeof (float);
    const Kept *kept;

    digest_picture (picture, &canvases[i], pictures->digests[i]);
    kept = find_kept (cache, pictures->digests[i]);
    if (kept != NULL) {
      memcpy (features, kept->features, bytes);
      pictures->n_reused++;
    } else {
      if (!encode_picture (model, picture, &canvases[i], features, cancellable, error))
        return FALSE;
      keep (cache, pictures->digests[i], canvases[i].n_tiles, features, bytes);
    }
  }
  return TRUE;
}

gboolean
l4_pictures_encode (const L4Llama *model, L4PictureCache *cache, const L4Message *messages, gsize n_messages, guint max_tiles,
    L4Pictures *pictures, GCancellable *cancellable, GError **error)
{
  const L4VisionConfig *config = &model->config->vision;
  g_autoptr (GPtrArray) shown = collect (messages, n_messages);
  g_autofree L4Canvas *canvases = g_new0 (L4Canvas, shown->len + 1);
  gint64 row;

  if (shown->len == 0)
    return TRUE;
  if (model->vision == NULL)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is a text-only model and cannot look at pictures"), model->path);
  row = l4_vision_tokens_per_tile (config) * model->config->text.hidden;
  pictures->n_pictures = shown->len;
  pictures->grids = g_new (L4Grid, shown->len);
  pictures->digests = g_malloc (shown->len * sizeof *pictures->digests);
  pictures->first_tile = g_new0 (gint64, shown->len + 1);
  for (guint i = 0; i < shown->len; i++) {
    const L4Picture *picture = g_ptr_array_index (shown, i);

    l4_canvas_choose (config, max_tiles > 0 ? MIN (max_tiles, config->max_patches) : config->max_patches, picture->width,
        picture->height, &canvases[i]);
    pictures->grids[i] = canvases[i].grid;
    pictures->first_tile[i] = pictures->n_tiles;
    pictures->n_tiles += canvases[i].n_tiles;
  }
  pictures->first_tile[shown->len] = pictures->n_tiles;
  pictures->features = l4_alloc_raw (pictures->n_tiles * row * sizeof (float), _("pictures"), error);
  return pictures->features != NULL && encode_all (model, cache, shown, canvases, pictures, cancellable, error);
}

void
l4_pictures_clear (L4Pictures *self)
{
  g_free (self->grids);
  g_free (self->digests);
  g_free (self->first_tile);
  l4_free (self->features);
  *self = (L4Pictures) { 0 };
}
