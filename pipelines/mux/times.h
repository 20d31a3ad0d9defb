/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The film's clock for a file's other streams, whose time stamps jump where the film's do. */

#pragma once

#include "film/reader.h"

G_BEGIN_DECLS

typedef struct _L4Times L4Times;

/* reader: borrowed; some packets are read ahead. */
L4Times *l4_times_new (L4Reader *reader);
void l4_times_free (L4Times *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Times, l4_times_free)

/* Brings a packet's times, in its stream's unit, onto the clock of the film's packets (which are on it already), and gives it those that it
 * lacks. */
void l4_times_straighten (L4Times *self, AVPacket *packet);

G_END_DECLS
