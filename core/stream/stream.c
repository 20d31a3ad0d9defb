/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Experts that stay in their file: who is in memory, who is read next, and who leaves for it. */

#include <unistd.h>

#include "base/memory.h"
#include "stream/stream-private.h"

/* How long a disk may give nothing at all, unless one says otherwise. */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)

/* Adding ----------------------------------------------------------------------------------------------------------------- */

static gboolean take_piece (gpointer user_data, L4Piece *piece, gboolean wait);
static void piece_arrived (gpointer user_data, const L4Piece *piece, const guint8 *bytes, const GError *error);

static const L4ReaderClass reader_class = { take_piece, piece_arrived };

L4Stream *
l4_stream_new (void)
{
  L4Stream *self = g_new0 (L4Stream, 1);

  self->layers = g_array_new (FALSE, TRUE, sizeof (L4StreamLayer));
  self->experts = g_array_new (FALSE, TRUE, sizeof (L4StreamExpert));
  self->heat = g_array_new (FALSE, TRUE, sizeof (L4Heat));
  self->reader = l4_reader_new (&reader_class, self);
  self->piece_bytes = L4_READER_PIECE;
  self->patience = PATIENCE;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_cond_init (&self->work);
  g_queue_init (&self->asked);
  g_queue_init (&self->foreseen);
  return self;
}

void
l4_stream_free (L4Stream *self)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->lock);
  self->quit = TRUE;
  g_cond_broadcast (&self->work);
  g_mutex_unlock (&self->lock);
  l4_reader_free (self->reader);
  for (gsize i = 0; i < self->n_slots; i++)
    l4_free (self->slots[i]);
  g_free (self->slots);
  g_free (self->owners);
  for (gsize i = 0; i < self->experts->len; i++)
    g_clear_error (&l4_stream_expert (self, i)->error);
  if (self->repacked != NULL)
    close (self->repacked_fd);
  g_free (self->repacked);
  g_queue_clear (&self->asked);
  g_queue_clear (&self->foreseen);
  g_array_unref (self->layers);
  g_array_unref (self->experts);
  g_array_unref (self->heat);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_cond_clear (&self->work);
  g_free (self);
}

guint
l4_stream_add_layer (L4Stream *self, gint64 n_experts)
{
  L4StreamLayer layer = { self->experts->len, n_experts };

  g_array_append_val (self->layers, layer);
  g_array_set_size (self->experts, layer.first + n_experts);
  g_array_set_size (self->heat, layer.first + n_experts);
  for (gint64 e = 0; e < n_experts; e++)
    l4_stream_expert (self, layer.first + e)->layer = self->layers->len - 1;
  return self->layers->len - 1;
}

void
l4_stream_set_expert (L4Stream *self, guint layer, gint64 index, const L4StreamPart *const parts[L4_STREAM_PARTS])
{
  L4StreamExpert *expert = l4_stream_expert (self, g_array_index (self->layers, L4StreamLayer, layer).first + index);
  gsize at = 0;

  for (guint p = 0; p < L4_STREAM_PARTS; p++) {
    L4StreamMatrix *part = &expert->parts[p];
    const L4PanelFormat *format;

    if (parts[p] == NULL)
      continue;
    format = l4_panel_format (parts[p]->type);
    *part = (L4StreamMatrix) {
      l4_reader_add_file (self->reader, parts[p]->fd, parts[p]->path), parts[p]->source, parts[p]->offset, parts[p]->type, parts[p]->n_rows,
          parts[p]->n, parts[p]->n / format->block_elements * format->block_bytes, l4_panel_bytes (parts[p]->type, parts[p]->n), 0, at
    };
    for (guint i = 0; i < L4_STREAM_OTHERS && parts[p]->others[i].path != NULL; i++)
      part->others[part->n_others++] = l4_reader_add_file (self->reader, parts[p]->others[i].fd, parts[p]->others[i].path);
    at += (l4_stream_n_panels (part) * part->panel_bytes + L4_STREAM_SLACK + 63) & ~(gsize) 63;
    self->piece_bytes = MAX (self->piece_bytes, L4_PANEL_ROWS * part->row_bytes);
  }
  self->slot_bytes = MAX (self->slot_bytes, at);
  expert->state = at > 0 ? L4_STREAM_ABSENT : L4_STREAM_READY;  /* one that is in memory whole is never read */
}

guint64
l4_stream_bytes (const L4Stream *self, gsize n_slots)
{
  return (guint64) n_slots * self->slot_bytes + l4_reader_bytes (self->piece_bytes);
}

gsize
l4_stream_n_experts (const L4Stream *self)
{
  return self->experts->len;
}

guint64
l4_stream_expert_bytes (const L4Stream *self)
{
  guint64 total = 0;

  for (gsize i = 0; i < self->experts->len; i++)
    for (guint p = 0; p < L4_STREAM_PARTS; p++) {
      const L4StreamMatrix *part = &l4_stream_expert (self, i)->parts[p];

      total += part->repacked > 0 ? part->repacked : (guint64) part->n_rows * part->row_bytes;
    }
  return total;
}

gboolean
l4_stream_start (L4Stream *self, gsize n_slots, GError **error)
{
  self->n_slots = self->allowed = MIN (n_slots, self->experts->len);
  self->slots = g_new0 (guint8 *, self->n_slots);
  self->owners = g_new0 (gsize, self->n_slots);
  for (gsize s = 0; s < MIN (L4_STREAM_LEAST_SLOTS, self->n_slots); s++)        /* of others there may come fewer */
    if ((self->slots[s] = l4_alloc_raw (self->slot_bytes, _("experts"), error)) == NULL)
      return FALSE;
  self->allocated = MIN (L4_STREAM_LEAST_SLOTS, self->n_slots);
  return l4_reader_start (self->reader, self->piece_bytes, error);
}

void
l4_stream_set_patience (L4Stream *self, gint64 microseconds)
{
  self->patience = microseconds;
}

/* All of the following is called with the lock held, unless it says otherwise ------------------------------------------------ */

/* Tells the turns that want the expert why it does not come. */
static void
spread_error (L4Stream *self, gsize index, const GError *error)
{
  for (GList *l = self->turns; l != NULL; l = l->next) {
    L4StreamTurn *turn = l->data;

    if (turn->layer == l4_stream_expert (self, index)->layer && turn->left[index - turn->first] && turn->error == NULL)
      turn->error = g_error_copy (error);
  }
}

/* It is in no queue any longer. */
static void
leave_queues (L4Stream *self, const L4StreamExpert *expert)
{
  gsize index = expert - &g_array_index (self->experts, L4StreamExpert, 0);

  g_queue_remove (&self->asked, GSIZE_TO_POINTER (index + 1));
  g_queue_remove (&self->foreseen, GSIZE_TO_POINTER (index + 1));
}

/* Its reading has ended, well or not. */
void
l4_stream_finish (L4Stream *self, L4StreamExpert *expert)
{
  gboolean good = expert->error == NULL && !expert->dropped;
  gsize index = expert - &g_array_index (self->experts, L4StreamExpert, 0);

  leave_queues (self, expert);
  expert->state = good ? L4_STREAM_READY : L4_STREAM_ABSENT;
  expert->early = good && expert->early;
  self->figures.reads += good;
  if (!good)
    self->owners[expert->slot] = 0;
  if (expert->error != NULL) {
    spread_error (self, index, expert->error);
    g_clear_error (&expert->error);
  }
  l4_stream_free_slots (self);
  g_cond_broadcast (&self->changed);
  g_cond_broadcast (&self->work);       /* for what waits for its slot */
}

/* Reading ---------------------------------------------------------------------------------------------------------------- */

gboolean
l4_stream_has_pieces (const L4StreamExpert *expert)
{
  return expert->state == L4_STREAM_READING && expert->part < L4_STREAM_PARTS && expert->error == NULL && !expert->dropped;
}

static void
skip_missing_parts (L4StreamExpert *expert)
{
  while (expert->part < L4_STREAM_PARTS && expert->parts[expert->part].n_rows == 0)
    expert->part++;
}

void
l4_stream_rewind (L4StreamExpert *expert)
{
  expert->state = L4_STREAM_READING;
  expert->part = 0;
  expert->row = 0;
  expert->dropped = FALSE;
  skip_missing_parts (expert);
}

gint64
l4_stream_rows_at_once (const L4Stream *self, const L4StreamMatrix *part)
{
  return MAX ((gint64) (self->piece_bytes / part->row_bytes) / L4_PANEL_ROWS, 1) * L4_PANEL_ROWS;
}

static gint64
next_rows (const L4Stream *self, L4StreamExpert *expert, L4Piece *piece)
{
  const L4StreamMatrix *part = &expert->parts[expert->part];
  gint64 rows = MIN (l4_stream_rows_at_once (self, part), part->n_rows - expert->row);

  *piece = (L4Piece) {
    .file = part->file,.source = part->source.read != NULL ? &part->source : NULL,
    .offset = part->offset + (guint64) expert->row * part->row_bytes,.bytes = (gsize) rows * part->row_bytes,
    .owner = expert,.index = expert->part * (G_MAXINT64 / L4_STREAM_PARTS) + expert->row
  };
  return rows;
}

/* Straight to their place. */
static gint64
next_panels (const L4Stream *self, L4StreamExpert *expert, L4Piece *piece)
{
  const L4StreamMatrix *part = &expert->parts[expert->part];
  gsize at = (gsize) expert->row, bytes = MIN (L4_READER_PIECE, part->repacked - at);

  *piece = (L4Piece) {
    .file = part->file,.offset = part->offset + at,.bytes = bytes,.to = l4_stream_slot (self, expert->slot) + part->place + at,.owner = expert
  };
  return (gint64) bytes;
}

void
l4_stream_next_piece (const L4Stream *self, L4StreamExpert *expert, L4Piece *piece)
{
  const L4StreamMatrix *part = &expert->parts[expert->part];
  gint64 all = part->repacked > 0 ? (gint64) part->repacked : part->n_rows;

  if (part->repacked > 0)
    expert->row += next_panels (self, expert, piece);
  else
    expert->row += next_rows (self, expert, piece);
  if (expert->row < all)
    return;
  expert->row = 0;
  expert->part++;
  skip_missing_parts (expert);
}

/* The first of the queue that has a slot or gets one. Those behind who gets none have to go on, or their slots would never be free. */
static L4StreamExpert *
choose_of (L4Stream *self, GQueue *queue)
{
  gboolean full = FALSE;

  for (GList *l = queue->head; l != NULL; l = l->next) {
    gsize index = GPOINTER_TO_SIZE (l->data) - 1;

    if (l4_stream_expert (self, index)->state == L4_STREAM_READING || (!full && l4_stream_give_slot (self, index)))
      return l4_stream_expert (self, index);
    full = TRUE;
  }
  return NULL;
}

/* The expert whose piece is next: what is asked for comes before what is foreseen. NULL: there is nothing to do now. */
static L4StreamExpert *
choose (L4Stream *self)
{
  L4StreamExpert *asked = choose_of (self, &self->asked);

  return asked != NULL ? asked : choose_of (self, &self->foreseen);
}

/* By a reader, without the lock. */
static gboolean
take_piece (gpointer user_data, L4Piece *piece, gboolean wait)
{
  L4Stream *self = user_data;
  L4StreamExpert *expert = NULL;

  g_mutex_lock (&self->lock);
  while (!self->quit && (expert = choose (self)) == NULL && wait)
    g_cond_wait (&self->work, &self->lock);
  if (self->quit)
    expert = NULL;
  if (expert != NULL) {
    l4_stream_next_piece (self, expert, piece);
    if (!l4_stream_has_pieces (expert))
      leave_queues (self, expert);
    expert->pieces++;
    if (self->pieces++ == 0)
      self->latest = g_get_monotonic_time ();
  }
  g_mutex_unlock (&self->lock);
  return expert != NULL;
}

/* Without the lock: the slot is the expert's alone while pieces of it are under way. */
static void
pack (const L4Stream *self, const L4StreamExpert *expert, const L4Piece *piece, const guint8 *bytes)
{
  guint p = piece->index / (G_MAXINT64 / L4_STREAM_PARTS);
  const L4StreamMatrix *part = &expert->parts[p];
  gint64 row = piece->index % (G_MAXINT64 / L4_STREAM_PARTS);

  l4_stream_pack (part, bytes, (gint64) (piece->bytes / part->row_bytes),
      self->slots[expert->slot] + part->place + row / L4_PANEL_ROWS * part->panel_bytes);
}

/* Whether the files of all parts are still those that were added. Without the lock. */
static gboolean
check_files (L4Stream *self, const L4StreamExpert *expert, GError **error)
{
  for (guint p = 0; p < L4_STREAM_PARTS; p++) {
    const L4StreamMatrix *part = &expert->parts[p];

    if (part->n_rows > 0 && !l4_reader_check_file (self->reader, part->file, error))
      return FALSE;
    for (guint i = 0; i < part->n_others; i++)
      if (!l4_reader_check_file (self->reader, part->others[i], error))
        return FALSE;
  }
  return TRUE;
}

/* By a reader, without the lock. */
static void
piece_arrived (gpointer user_data, const L4Piece *piece, const guint8 *bytes, const GError *failure)
{
  L4Stream *self = user_data;
  L4StreamExpert *expert = piece->owner;
  g_autoptr (GError) error = failure != NULL ? g_error_copy (failure) : NULL;

  if (error == NULL && piece->to == NULL)
    pack (self, expert, piece, bytes);
  if (error == NULL)
    check_files (self, expert, &error);
  g_mutex_lock (&self->lock);
  self->latest = g_get_monotonic_time ();
  self->figures.bytes += error == NULL ? piece->bytes : 0;
  if (error != NULL)
    leave_queues (self, expert);
  if (expert->error == NULL)
    expert->error = g_steal_pointer (&error);
  self->pieces--;
  expert->pieces--;
  if (expert->pieces == 0 && !l4_stream_has_pieces (expert))
    l4_stream_finish (self, expert);
  g_mutex_unlock (&self->lock);
}

