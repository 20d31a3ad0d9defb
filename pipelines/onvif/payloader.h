/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An element that makes RTP packets of documents of metadata, by ONVIF's streaming specification: a document is as many packets as it takes,
 * the last of which has the marker. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* application/x-onvif-metadata, a document a buffer, to application/x-rtp. */
#define L4_ONVIF_PAYLOADER "llama4onvifpay"

/* Makes it known by that name to this process. Any number of times. */
void l4_onvif_payloader_register (void);

G_END_DECLS
